r"""Your own panel: many series in one long table, the next 12 rows of each with quantiles.

python -m launch.train --config=configs/panel_csv.py --workdir=runs/mine \
    --set task.path=my.csv --set task.series=shop --set task.time=day --set task.targets=sales
python -m launch.predict --workdir=runs/mine --input=my.csv --output=forecasts.csv

The table needs a row for each time of each series. The last 12 rows of each series are the test,
and the 12 before them choose the best checkpoint. docs/forecasting.md tells more.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.residual import Residual
from lstmjax.optimizers import AdamW
from lstmjax.tasks.panels import Panels


def get_config() -> Experiment:
    """Settings that suit most panels; season and lookback are worth adapting."""
    return Experiment(
        task=Panels(
            targets=("y",),
            lookback=48,
            horizon=12,
            season=12,
            normalize="window",
            head="quantile",
        ),
        model=Residual(features=64, layers=2, dropout=0.1),
        optimizer=AdamW(learning_rate=2e-3, schedule="cosine", clip_norm=1.0),
        steps=1_000,
        batch_size=64,
        log_every=50,
        evaluate_every=200,
        evaluation_batch_size=512,
    )
