r"""MNIST in seven strips of four rows with a CNN-LSTM: a convolution reads each strip.

python -m launch.train --config=configs/labelled_mnist_frames.py \
    --workdir=runs/labelled_mnist_frames
"""

import dataclasses
import pathlib

from lstmjax.experiment import Experiment, load_config
from lstmjax.models.cnn_lstm import CnnLstm


def get_config() -> Experiment:
    """The pictures of labelled_mnist.py, a strip a step."""
    rows = load_config(pathlib.Path(__file__).with_name("labelled_mnist.py"))
    return dataclasses.replace(
        rows,
        task=dataclasses.replace(rows.task, frame=4, dimensions=2),
        model=CnnLstm(features=128, filters=(16,), window=3, pool=2, dropout=0.2),
        steps=2_000,
        evaluate_every=500,
    )
