r"""M4 hourly: 414 series, the next two days from the last week (Makridakis et al. 2020).

python -m launch.train --config=configs/panel_m4_hourly.py --workdir=runs/m4 \
    --set task.path=m4_hourly.csv

One seed: sMAPE 8.84, MASE .767 on the competition's test part; a day before 13.91 and 1.193. The
competition's winner, an LSTM with exponential smoothing, has 9.33 and .893 (Smyl 2020). 88 s on
two CPU cores. docs/forecasting.md has the table of settings, and how this one was chosen.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.residual import Residual
from lstmjax.optimizers import AdamW
from lstmjax.tasks.panels import Panels


def get_config() -> Experiment:
    """Logarithms less the mean of the last day; a mixture of the day and the week before."""
    return Experiment(
        task=Panels(
            path="m4_hourly.csv",
            series="unique_id",
            time="ds",
            targets=("y",),
            lookback=168,
            horizon=48,
            season=24,
            log=True,
            normalize="season",
            patch=24,
            mixture=(24, 168),
            error="smape",
        ),
        model=Residual(features=192, layers=2),
        optimizer=AdamW(learning_rate=3e-3, schedule="cosine", clip_norm=1.0, weight_decay=1e-3),
        steps=2_000,
        batch_size=256,
        log_every=100,
        evaluate_every=500,
    )
