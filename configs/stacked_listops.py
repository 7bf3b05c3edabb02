r"""ListOps, nested operations on digits, with two stacked LSTMs.

python -m launch.train --config=configs/stacked_listops.py \
    --workdir=runs/stacked_listops --seeds=10
10 seeds: 0.6133 ± 0.0025 of 10,000 held-out expressions (0.6073 with one layer, 0.6098 with three;
majority 0.108), 249 s on one CPU core.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.stacked import Stacked
from lstmjax.optimizers import Adam
from lstmjax.tasks.generated.listops import ListOps


def get_config() -> Experiment:
    """Two layers of 64: 54,154 parameters.

    With as many in one layer or in three: `--set model.features=107,` (53,724) and
    `--set model.features=50,50,50` (54,110).
    """
    return Experiment(
        task=ListOps(),
        model=Stacked(features=(64, 64)),
        optimizer=Adam(learning_rate=5e-3, schedule="cosine", clip_norm=1.0),
        steps=4_000,
        batch_size=64,
        log_every=200,
        evaluate_every=1_000,
    )
