r"""ListOps at its published lengths: operations in one another up to 20 deep.

python -m launch.train --config=configs/papers/listops.py --workdir=runs/listops

Published: LSTM 71.5 % on average, 74.4 % at best (Nangia & Bowman 2018; remembered, not read).
Drawn as by the paper's program: up to five arguments, each an operation with probability .25.
What differs: expressions above 512 symbols, .3 % of them, are drawn again.
Seed 0: 60.5 %, best after 9,000 updates; 1,072 s on one core of an AMD EPYC.
"""

import dataclasses
import pathlib

from lstmjax.experiment import Experiment, load_config


def get_config() -> Experiment:
    """Two layers of 128, and 90,000 expressions to learn from."""
    short = load_config(pathlib.Path(__file__).parent.parent / "stacked_listops.py")
    return dataclasses.replace(
        short,
        task=dataclasses.replace(short.task, depth=20, length=512, shapes=8, train_examples=90_000),
        model=short.model.clone(features=(128, 128)),
        optimizer=dataclasses.replace(short.optimizer, learning_rate=3e-3),
        steps=14_000,
    )
