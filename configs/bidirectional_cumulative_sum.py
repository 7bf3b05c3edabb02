r"""Cumulative sum with a bidirectional LSTM: has the sum of 10 values reached 2.5?

python -m launch.train --config=configs/bidirectional_cumulative_sum.py \
    --workdir=runs/bidirectional_cumulative_sum --seeds=10

10 seeds: 0.9992 +- 0.0001 of steps, 0.9917 of whole sequences.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.optimizers import Adam
from lstmjax.tasks.generated.cumulative_sum import CumulativeSum


def get_config() -> Experiment:
    """The published model with more sequences and a better rate."""
    return Experiment(
        task=CumulativeSum(length=10, target="reached"),
        model=Bidirectional(features=50),
        optimizer=Adam(learning_rate=1e-2, schedule="cosine", clip_norm=1.0),
        steps=4_000,
        batch_size=128,
        log_every=500,
        evaluate_every=2_000,
    )
