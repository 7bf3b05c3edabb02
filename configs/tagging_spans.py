r"""Named entities, or other spans (`B-PER I-PER O`), in the columns of the CoNLL shared tasks.

python -m launch.train --config=configs/tagging_spans.py --workdir=runs/entities \
    --set task.train=train.txt --set task.valid=valid.txt --set task.test=test.txt
python -m launch.predict --workdir=runs/entities --input=new.txt --output=tagged.txt

The word is the first column and the tag the last; `task.word` and `task.tag` name others. IOB1,
IOB2, IOBES and BILOU are read, and `f1` is that of conlleval. No score is given here: the files of
CoNLL-2003 are not free. With `task.valid=none` a tenth of the training sentences is held out.
"""

import dataclasses
import pathlib

from lstmjax.experiment import Experiment, load_config


def get_config() -> Experiment:
    """The model of tagging_ewt.py. Case stays: names are told by it."""
    words = load_config(pathlib.Path(__file__).with_name("tagging_ewt.py"))
    task = dataclasses.replace(
        words.task,
        train="data/train.txt",
        valid="data/valid.txt",
        test="data/test.txt",
        format="columns",
        word="1",
        tag="-1",
        lowercase=False,
    )
    return dataclasses.replace(words, task=task)
