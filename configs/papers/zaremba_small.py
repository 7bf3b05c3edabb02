r"""The small model of Zaremba et al. (2014), without dropout; see `zaremba.py`.

python -m launch.train --config=configs/papers/zaremba_small.py --workdir=runs/zaremba_small \
    --set task.path=ptb.train.txt --set task.valid_path=ptb.valid.txt \
    --set task.test_path=ptb.test.txt

Not run here to its end: an update took .85 s on two cores of an AMD EPYC that did much other work
(4.7 million parameters, 10,000 words), all 30,212 would take seven hours.
"""

import dataclasses
import pathlib

from lstmjax.experiment import Experiment, load_config

EPOCH = 2_324  # updates: 929,589 words in 20 rows, 20 at a time


def get_config() -> Experiment:
    """Two layers of 200; the rate halves each epoch after the fourth; 13 epochs."""
    medium = load_config(pathlib.Path(__file__).with_name("zaremba.py"))
    return dataclasses.replace(
        medium,
        task=dataclasses.replace(medium.task, window=20),
        model=medium.model.clone(
            features=(200, 200), embedding=200, embedding_bound=0.1, input_dropout=0.0, dropout=0.0
        ),
        optimizer=dataclasses.replace(
            medium.optimizer,
            learning_rate=20.0,
            epochs_constant=4,
            epoch_factor=0.5,
            clip_norm=5 / 20,
        ),
        steps=13 * EPOCH,
        evaluate_every=EPOCH,
    )
