"""Ten symbols, copied after 200 or 500 steps, where a published LSTM stays at chance.

python -m launch.train --config=configs/papers/copying.py --workdir=runs/copying --seeds=5
"""

from lstmjax.experiment import Experiment
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.papers import CopyMemory


def get_config() -> Experiment:
    """What helps is the initialization: gates that remember for `memory_steps`."""
    return Experiment(
        task=CopyMemory(length=200, valid_examples=256),
        model=Vanilla(features=64, every_step=True, initialization="chrono", memory_steps=220),
        optimizer=Adam(learning_rate=2e-3, clip_norm=1.0),
        steps=3_000,
        batch_size=32,
        log_every=50,
        evaluate_every=250,
    )
