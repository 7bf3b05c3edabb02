r"""A text with one LSTM of 512: better than `generative_text.py`, and slower.

python -m launch.train --config=configs/generative_text_long.py --workdir=runs/long \
        --set task.path=my.txt

Tiny Shakespeare, seed 0: 1.461 nats a character, 30 minutes on two CPU cores busy with other work.
"""

import dataclasses
import pathlib

from lstmjax.experiment import Experiment, load_config


def get_config() -> Experiment:
    """Twelve epochs of a megabyte of text, with more dropout to match."""
    short = load_config(pathlib.Path(__file__).with_name("generative_text.py"))
    return dataclasses.replace(
        short,
        model=short.model.clone(features=(512,), dropout=0.35),
        optimizer=dataclasses.replace(short.optimizer, learning_rate=3e-3),
        steps=6_000,
    )
