r"""A text with one LSTM of 512: better than `generative_text.py`, and slower.

python -m launch.train --config=configs/generative_text_long.py --workdir=runs/long \
        --set task.path=my.txt

Tiny Shakespeare, seed 0: 1.451 nats a character, 1,296 s of one core of an AMD EPYC.
"""

import dataclasses
import pathlib

from lstmjax.experiment import Experiment, load_config
from lstmjax.recurrent.regularization import Regularization


def get_config() -> Experiment:
    """Twelve epochs of a megabyte of text, with dropout and averaged parameters to match."""
    short = load_config(pathlib.Path(__file__).with_name("generative_text.py"))
    regularization = Regularization(weight_drop=0.3)
    return dataclasses.replace(
        short,
        model=short.model.clone(features=(512,), dropout=0.4, regularization=regularization),
        optimizer=dataclasses.replace(
            short.optimizer, learning_rate=3e-3, average="moving", average_decay=0.998
        ),
        steps=6_000,
    )
