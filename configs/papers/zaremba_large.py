r"""The large model of Zaremba et al. (2014); see `zaremba.py`.

python -m launch.train --config=configs/papers/zaremba_large.py --workdir=runs/zaremba_large \
    --set task.path=ptb.train.txt --set task.valid_path=ptb.valid.txt \
    --set task.test_path=ptb.test.txt

Not run here: it has 66 million parameters and needs a GPU.
"""

import dataclasses
import pathlib

from lstmjax.experiment import Experiment, load_config


def get_config() -> Experiment:
    """Two layers of 1500, dropout .65; the rate falls by 1 / 1.15 after epoch 14; 55 epochs."""
    medium = load_config(pathlib.Path(__file__).with_name("zaremba.py"))
    return dataclasses.replace(
        medium,
        model=medium.model.clone(
            features=(1500, 1500),
            embedding=1500,
            embedding_bound=0.04,
            input_dropout=0.65,
            dropout=0.65,
        ),
        optimizer=dataclasses.replace(
            medium.optimizer, epochs_constant=14, epoch_factor=1 / 1.15, clip_norm=10 / 35
        ),
        steps=55 * medium.evaluate_every,
    )
