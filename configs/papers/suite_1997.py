r"""The problems of 1997 with one answer at the end: which order, which class, which symbol?

python -m launch.train --config=configs/papers/suite_1997.py --workdir=runs/order --seeds=10
python -m launch.train --config=configs/papers/suite_1997.py --workdir=runs/order_3 --seeds=10 \
    --set task.events=3
python -m launch.train --config=configs/papers/suite_1997.py --workdir=runs/lag --seeds=10 \
    --set task=LongLag

`task=TwoSequences` has one output, so it also wants `--set model.every_step=false`.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.papers import TemporalOrder


def get_config() -> Experiment:
    """Today's cell, told by its initial biases how long it has to remember."""
    return Experiment(
        task=TemporalOrder(valid_examples=2_000),
        model=Vanilla(features=32, every_step=True, initialization="chrono", memory_steps=100),
        optimizer=Adam(learning_rate=5e-3, clip_norm=1.0, schedule="cosine"),
        steps=500,
        batch_size=32,
        log_every=50,
        evaluate_every=50,
    )
