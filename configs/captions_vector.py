r"""The scenes of `captions.py`, told from one vector: the LSTM never looks at the picture again.

python -m launch.train --config=configs/captions_vector.py --workdir=runs/captions_vector

33.4 % of the sentences for new scenes of known objects are right, none for scenes with an object
that is new. Seed 0, 523 s on one core of an AMD EPYC.
"""

import dataclasses
import pathlib

from lstmjax.experiment import Experiment, load_config


def get_config() -> Experiment:
    """Twice as many units, which must keep the picture, and a low rate: the vector is wide.

    At 3e-3 an update moves what sums up thousands of numbers so far that tanh stays at its ends,
    and the pictures are not read at all.
    """
    looking = load_config(pathlib.Path(__file__).with_name("captions.py"))
    return dataclasses.replace(
        looking,
        model=looking.model.clone(attention=False, features=256),
        optimizer=dataclasses.replace(looking.optimizer, learning_rate=5e-4),
        steps=8_000,
        evaluate_every=1_000,
    )
