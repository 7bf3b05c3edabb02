"""What comes next in a series: `fit(frame, time=..., target=...)`, then `predict()`."""

import dataclasses
import datetime
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from lstmjax.errors import UserError
from lstmjax.estimators.base import Estimator
from lstmjax.estimators.frames import Columns, check_order, in_utc, of_a_kind, write_csv
from lstmjax.estimators.panels import panel_answers, panel_task
from lstmjax.models.base import Model
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.optimizers import Optimizer
from lstmjax.tasks.panels import Panels
from lstmjax.tasks.panels.windows import Normalization as PanelNormalization
from lstmjax.tasks.series import Series
from lstmjax.tasks.series.forecasts import times_after
from lstmjax.tasks.series.heads import PanelKind
from lstmjax.tasks.series.windows import Normalization


class Forecaster(Estimator):
    """The next `horizon` rows of a series, or of each of many, with quantiles.

    >>> forecaster = Forecaster(horizon=24, season=24).fit(frame, time="hour", target="load")
    >>> forecaster.predict()

    The last parts of the rows are for the validation and for the test: `run_.report` says how every
    window of the test part was forecast, beside the last value, the value a season before, drift,
    and for one series least squares. The directory of the run keeps the series, so that commands
    can go on from it.
    """

    _kind = "regressor"

    def __init__(
        self,
        horizon: int = 12,
        *,
        season: int = 1,
        lookback: int | None = None,
        head: PanelKind = "quantile",
        levels: tuple[float, ...] = (0.1, 0.5, 0.9),
        normalize: Normalization | PanelNormalization = "window",
        log: bool = False,
        features: int = 64,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.2,
        model: Model | None = None,
        steps: int = 1_000,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        optimizer: Optimizer | None = None,
        patience: int | None = None,
        validation: float = 0.1,
        test: float = 0.1,
        seed: int = 0,
        workdir: Any = None,
        quiet: bool = True,
    ):
        """Stores the settings.

        Args:
          horizon: rows to forecast.
          season: rows after which the series repeats itself, 1 where it does not.
          lookback: rows that a forecast is made from; none: three times the longer of the two.
          head: quantile, gaussian or student, which give bands; point; of several series also
            negative_binomial, for counts.
          levels: of the quantiles that are learned or given, ascending, 0.5 among them.
          log: whether to learn the logarithms, where a season grows with the level.
          normalize: what each window is measured from: window or last; of one series also residual
            or none, of several also season.
          features: hidden units of each layer.
          layers: LSTM layers, one above the other.
          bidirectional: whether a second layer reads backward.
          dropout: on what the dense layer reads, and between layers.
          model: a model of this package or your own, instead of the four above.
          steps: updates.
          batch_size: windows an update.
          learning_rate: the highest; it falls to 0 along a cosine.
          weight_decay: of AdamW.
          optimizer: instead of the two above.
          patience: evaluations in a row without a lower validation loss that end the training.
          validation: the share of the rows that chooses the best checkpoint, a horizon at least.
          test: the share of the rows that is scored, from the end, a horizon at least.
          seed: of the initial weights and the order.
          workdir: the directory of the run; none: a temporary one.
          quiet: whether nothing is printed.
        """
        self.horizon = horizon
        self.season = season
        self.lookback = lookback
        self.head = head
        self.levels = levels
        self.normalize = normalize
        self.log = log
        self.features = features
        self.layers = layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.model = model
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.patience = patience
        self.validation = validation
        self.test = test
        self.seed = seed
        self.workdir = workdir
        self.quiet = quiet

    def fit(
        self,
        frame: Any,
        id: str | None = None,
        time: str | None = None,
        target: str | Sequence[str] | None = None,
        covariates: Sequence[str] = (),
        known: Sequence[str] = (),
        static: Sequence[str] = (),
        calendar: Sequence[str] = (),
    ) -> "Forecaster":
        """Trains.

        Args:
          frame: of pandas or polars, a row a time step; or an array (time,) or (time, series). NaN
            stands for what is missing.
          id: the column that says which series a row belongs to. One model forecasts them all.
          time: the column of dates, times or whole numbers, ascending; none: rows are steps.
          target: the column or columns to forecast; none: the only one of numbers, or every one of
            an array.
          covariates: columns of numbers that are read beside them, known until now.
          known: of several series, columns of numbers that are known ahead, too; `predict` then
            takes a frame whose targets end a horizon before they do. A decoder reads them, unless
            you give a model.
          static: of several series, columns of numbers or words that belong to a series.
          calendar: of several series, parts of the time: hour, weekday, day, month, year_day.

        Raises:
          UserError: a column is lacking, or the series is too short, with the row.
        """
        self._check_settings()
        columns = Columns(frame)
        self._id, self._time, self._covariates = id, time, tuple(covariates)
        roles = dict(past=covariates, known=known, static=static, calendar=calendar)
        self._roles = {role: tuple(names) for role, names in roles.items()}
        self.target_names_ = self._targets(columns, target)
        self._single = isinstance(target, str) or (columns.is_array and columns.flat)
        several = id is not None and len(set(columns.column(id, "id"))) > 1
        self._panel = several or bool(known or static or calendar)
        if self._panel:
            if id is None:
                raise UserError("known, static and calendar are of a panel: name its column in id")
            written, task = self._panel_task(columns)
            place = self._place()
            path, self._columns = write_csv(place, written), columns
            self._train(dataclasses.replace(task, path=str(path.absolute())), False, place)
            return self
        written = self._content(columns)[0]
        rows = len(columns.column(self.target_names_[0], "target"))
        test = max(round(self.test * rows), self.horizon)
        valid = max(round(self.validation * rows), self.horizon)
        if rows - test - valid < 1:
            raise UserError(
                f"the series has {rows:,} rows, of which {valid + test:,} are for validation and "
                "test; give more rows, or lower horizon"
            )
        place = self._place()
        path = write_csv(place, written)
        task = Series(
            path=str(path.absolute()),
            targets=self.target_names_,
            covariates=self._covariates,
            time=self._time if self._time in written else None,
            split_rows=(rows - test - valid, rows - test),
            lookback=self.lookback or 3 * max(self.season, self.horizon),
            horizon=self.horizon,
            season=self.season,
            normalize=self.normalize,
            log=self.log,
            head=self.head,
            levels=tuple(self.levels),
        )
        self._columns = columns
        self._train(task, False, place)
        return self

    def predict(self, frame: Any = None) -> Any:
        """The rows after those of `fit`, or after those of another frame with the same columns.

        Returns:
          Of a frame one of its kind, with `id` and `time` as there were, each target by its name,
          and of a distribution each quantile as `name q0.1`. Of an array the medians (horizon,) or
          (horizon, series).
        """
        self._expect_fitted()
        columns = self._columns if frame is None else Columns(frame)
        with tempfile.TemporaryDirectory() as directory:
            place = pathlib.Path(directory)
            if self._panel:
                path = write_csv(place, self._panel_task(columns)[0])
                return columns.like(panel_answers(self.run_, path, columns))
            written, ahead, name = self._content(columns)
            answer = self._answer(write_csv(place, written))
        if columns.is_array:
            return answer.median[:, 0] if self._single else answer.median
        said = {} if self._id is None else {self._id: [name] * self.horizon}
        said |= {} if self._time is None else {self._time: ahead}
        for i, target in enumerate(self.target_names_):
            said[target] = answer.median[:, i].tolist()
            if answer.quantiles is not None:
                for level, values in zip(self.levels, answer.quantiles[:, i].T, strict=True):
                    said[f"{target} q{level:g}"] = values.tolist()
        return columns.like(said)

    def _architecture(self, every_step: bool) -> Model:
        """A decoder reads what is known ahead, row by row; else what any estimator has."""
        usual = super()._architecture(every_step)
        if self.model is not None or not self._roles["known"]:
            return usual
        layers = (self.features,) * self.layers
        sizes = dict(bidirectional=self.bidirectional, dropout=self.dropout)
        return EncoderDecoder(features=layers, **sizes)

    def _panel_task(self, columns: Columns) -> tuple[dict[str, list], Panels]:
        names = self._id, self._time, self.target_names_
        return panel_task(self.get_params(), columns, *names, self._roles)

    def _answer(self, path: pathlib.Path) -> Any:
        return self.run_.predict(path)[0]

    def _targets(self, columns: Columns, target: str | Sequence[str] | None) -> tuple[str, ...]:
        if isinstance(target, str):
            return (target,)
        if target is not None:
            return tuple(target)
        beside = {self._id, self._time, *(name for names in self._roles.values() for name in names)}
        names = tuple(name for name in columns.numbers if name not in beside)
        if columns.is_array or len(names) == 1:
            return names
        raise UserError(
            f"target: name a column to forecast; those of numbers are {', '.join(names) or 'none'}"
        )

    def _content(self, columns: Columns) -> tuple[dict[str, list], list | None, Any]:
        """The columns that the task reads, the times after them, and which series it is."""
        written, ahead, which = {}, None, None
        if self._id is not None:
            names = list(dict.fromkeys(columns.column(self._id, "id")))
            if len(names) != 1:
                raise UserError(
                    f"id: column {self._id!r} names {len(names):,} series, and fit was given one"
                )
            which = names[0]
        if self._time is not None:
            times = columns.column(self._time, "time")
            ahead = self._after(times)
            if isinstance(times[0], datetime.date):  # whole numbers are steps
                written[self._time] = times
        for name in self.target_names_:
            written[name] = columns.column(name, "target")
        for name in self._covariates:
            written[name] = columns.column(name, "covariates")
        return written, ahead, which

    def _after(self, times: list) -> list:
        """The next times, of the kind that was given."""
        check_order(times)
        if len(times) < 2:
            raise UserError("time: one row tells no distance; give more rows")
        if isinstance(times[0], datetime.date):
            return of_a_kind(times_after(in_utc(times), self.horizon), times[0])
        if not isinstance(times[0], int):
            raise UserError(
                f"time: column {self._time!r} holds {type(times[0]).__name__}; dates, times or "
                "whole numbers are needed"
            )
        distance = int(np.median(np.diff(times)))
        return [times[-1] + distance * (step + 1) for step in range(self.horizon)]
