r"""MNIST in seven strips of four rows with a CNN-LSTM: a convolution reads each strip.

python -m launch.train --config=configs/labelled_mnist_frames.py \
    --workdir=runs/labelled_mnist_frames
"""

from lstmjax.experiment import Experiment
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.optimizers import AdamW
from lstmjax.tasks.sequences import Labelled


def get_config() -> Experiment:
    """The pictures of labelled_mnist.py, a strip a step."""
    return Experiment(
        task=Labelled(
            train="data/train-images-idx3-ubyte.gz",
            train_labels="data/train-labels-idx1-ubyte.gz",
            test="data/t10k-images-idx3-ubyte.gz",
            test_labels="data/t10k-labels-idx1-ubyte.gz",
            valid_fraction=1 / 12,
            standardize="together",
            frame=4,
            dimensions=2,
        ),
        model=CnnLstm(features=128, filters=(16,), window=3, pool=2, dropout=0.2),
        optimizer=AdamW(
            learning_rate=4e-3,
            schedule="cosine",
            warmup_steps=100,
            clip_norm=1.0,
            weight_decay=0.01,
        ),
        steps=2_000,
        batch_size=128,
        log_every=100,
        evaluate_every=500,
        evaluation_batch_size=256,
    )
