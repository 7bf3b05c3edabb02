r"""Your own CSV: the next 12 rows of a column from the 36 before, with bands.

python -m launch.train --config=configs/series_csv.py --workdir=runs/mine \
    --set task.path=my.csv --set task.targets=column
python -m launch.predict --workdir=runs/mine --input=my.csv --output=forecasts.csv
"""

from lstmjax.experiment import Experiment
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.series import Series


def get_config() -> Experiment:
    """Quantiles, and windows normalized so that any level will do."""
    return Experiment(
        task=Series(lookback=36, horizon=12, normalize="window", head="quantile", season=12),
        model=Vanilla(features=64, dropout=0.2),
        optimizer=Adam(learning_rate=1e-3, schedule="cosine", clip_norm=1.0),
        steps=2_000,
        batch_size=32,
        log_every=50,
        evaluate_every=100,
    )
