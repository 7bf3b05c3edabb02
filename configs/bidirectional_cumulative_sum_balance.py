r"""Cumulative sum that needs both directions: is the sum so far at least the sum of the rest?

python -m launch.train --config=configs/bidirectional_cumulative_sum_balance.py \
    --workdir=runs/bidirectional_cumulative_sum_balance --seeds=10

10 seeds: 0.9979 +- 0.0002 of the steps, 21 s on two CPU cores.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.optimizers import Adam
from lstmjax.tasks.generated.cumulative_sum import CumulativeSum


def get_config() -> Experiment:
    """`--set model.direction=forward` or `backward` shows what one direction can say."""
    return Experiment(
        task=CumulativeSum(length=10, target="balance"),
        model=Bidirectional(features=24),
        optimizer=Adam(learning_rate=1e-2, schedule="cosine", clip_norm=1.0),
        steps=3_000,
        batch_size=64,
        log_every=100,
        evaluate_every=1_500,
    )
