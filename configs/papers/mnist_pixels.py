r"""MNIST pixel by pixel: 784 steps of one number.

python -m launch.train --config=configs/papers/mnist_pixels.py --workdir=runs/pixels
python -m launch.train --config=configs/papers/mnist_pixels.py --workdir=runs/permuted \
    --set task.permuted=true

Published: 98.9 % by an LSTM, 90.2 % with the pixels in one random order (Cooijmans et al. 2016).
Seed 0, in their order: 98.3 %, 2,237 s of one core of an AMD EPYC. Permuted: not run.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import AdamW
from lstmjax.tasks.sequences.pixels import Pixels


def get_config() -> Experiment:
    """Ten passes: 100 units whose gates start with time scales of up to 784 steps."""
    return Experiment(
        task=Pixels(
            train="data/train-images-idx3-ubyte.gz",
            train_labels="data/train-labels-idx1-ubyte.gz",
            test="data/t10k-images-idx3-ubyte.gz",
            test_labels="data/t10k-labels-idx1-ubyte.gz",
            valid_fraction=1 / 12,
            standardize="together",
        ),
        model=Vanilla(features=100, initialization="chrono", memory_steps=784),
        optimizer=AdamW(
            learning_rate=4e-3,
            schedule="cosine",
            warmup_steps=100,
            clip_norm=1.0,
            weight_decay=0.01,
        ),
        steps=4_500,
        batch_size=128,
        log_every=50,
        evaluate_every=500,
        evaluation_batch_size=256,
    )
