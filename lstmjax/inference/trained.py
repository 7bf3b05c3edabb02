"""A trained run in Python: its report, and what its best checkpoint answers."""

import contextlib
import html
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

import jax
import numpy as np

from lstmjax import devices, exchange, programs, settings
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment, load_config
from lstmjax.files import read_json
from lstmjax.inference import evaluation, generation
from lstmjax.inference.backtest import backtest, to_learn_from
from lstmjax.inference.decoding import respond
from lstmjax.inference.together import together as as_one
from lstmjax.runs import one_file, reporting
from lstmjax.runs.checkpoints import restore_best
from lstmjax.runs.tensorboard import to_tensorboard
from lstmjax.runs.workdir import read_log
from lstmjax.tasks.base import Batch

ROWS = (1, 8, 64, 512)  # of batches to answer, so that few programs answer all


class Run:
    """A directory that training left: `experiment`, `params` (of the first seed), and answers.

    `Run` is made by `lstmjax.train` and `lstmjax.load`. In place of the directory, `workdir` may be
    a whole model in one file. It has no `history`.

    A pickled run answers also where there is no such directory. Only `evaluate`, `backtest`,
    `sample` and `to_tensorboard` read files again.

    Of several seeds the first one answers, or all `together`: then `evaluate`, `predict` and
    `backtest` are of the mean of what they say.
    """

    def __init__(self, workdir: pathlib.Path, together: bool = False):
        """Restores the best checkpoint; UserError if there is none."""
        self.workdir, self.together = workdir, together
        self.experiment, params, self.step_of_best = restore_best(workdir)
        self.params = self.experiment.first_seed(params)
        self._who = as_one(self.experiment) if together else self.experiment
        self._who_params = self._who.first_seed(params)
        self._report, self._history = None, None  # read from the directory, unless it was pickled
        self._compile()

    def _compile(self) -> None:
        kind, who = self.experiment.kind, self._who.kind
        self._respond = programs.keep(
            ("respond", who), lambda: devices.jit(lambda p, b: respond(who, p, b)[1])
        )
        self._apply = programs.keep(("apply", kind.model), lambda: devices.jit(_applied(kind)))

    def __getstate__(self) -> dict[str, Any]:
        """Programs are not pickled; the report and the log are, so that it needs no directory."""
        state = {name: of for name, of in vars(self).items() if name not in ("_respond", "_apply")}
        with contextlib.suppress(UserError):
            state["_report"] = self.report
        with contextlib.suppress(UserError):
            state["_history"] = self.history
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._compile()

    @property
    def report(self) -> dict[str, Any]:
        """What `report.json` holds; UserError if the run has not ended."""
        if self._report is not None:
            return self._report
        if self.workdir.is_file():
            return one_file.read_report(self.workdir)
        return read_json(self.workdir / "report.json")

    @property
    def history(self) -> dict[str, np.ndarray]:
        """`metrics.jsonl` as arrays: `step`, `loss`, `gradient_norm`, `valid_step`, `valid_loss`.

        With several seeds, each but the steps is (lines, seeds).
        """
        if self._history is not None:
            return self._history
        columns: dict[str, list] = {}
        for line in read_log(self._directory / "metrics.jsonl"):
            found = {name: value for name, value in line.items() if name != "valid"}
            if "valid" in line:
                scores = {"step": line["step"]} | line["valid"]
                found = {f"valid_{name}": value for name, value in scores.items()}
            for name, value in found.items():
                columns.setdefault(name, []).append(value)
        return {name: np.array(values) for name, values in columns.items()}

    def evaluate(self, split: str = "test") -> dict[str, Any]:
        """Scores a split again: {metric: {"mean", "deviation", "each"}}."""
        scores = evaluation.evaluate_workdir(self._place, split, together=self.together)
        return scores[split]

    def predict(self, inputs: Any, lengths: Any = None) -> list[Any]:
        """The task's answers, in the order of the examples.

        Args:
          inputs: a path, as `launch.predict` reads; or what the task reads from memory: sequences
            (size, time, width) or a list of (time, width), pictures (size, height, width, 3),
            a list of strings to write pairs' targets for, a list of sentences as lists of words.
          lengths: (size,) valid steps of each row; none: all.

        Raises:
          UserError: the file or the arrays are at fault.
        """
        task = self.experiment.task
        if isinstance(inputs, (str, pathlib.Path)):
            batches = task.read(pathlib.Path(inputs))[1]
        else:
            batches = task.read_arrays(inputs, lengths)
        return self.answer(batches)

    def answer(self, batches: Iterable[Batch]) -> list[Any]:
        """The task's answers to every row of batches, as `task.read` gives them."""
        return [answer for batch in batches for answer in self._answers(batch)]

    def backtest(
        self, split: str = "test", band: float | None = None, adapt: float | None = None
    ) -> dict[str, np.ndarray]:
        """Forecasts from every origin of a split: the columns of a long table, as for a frame.

        Args:
          split: which origins.
          band: the share that bands learned from the validation part cover; none: the model's own.
          adapt: the rate at which bands learn from the rows that have come; none: they do not.

        Raises:
          UserError: the task forecasts no series.
        """
        data = self.experiment.task.load()
        who = self._who, data, self._who_params
        done = backtest(*who, split)
        if band is not None:
            valid = to_learn_from(*who)
            if adapt is None:
                done = done.banded(valid.calibrate(band))
            else:
                done = done.adapted(valid, band, adapt)
        return done.columns()

    def sample(
        self,
        prompt: str = "\n",
        length: int = 500,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> str:
        """Text that goes on after a prompt, without the prompt.

        Raises:
          UserError: the task is not a text, the prompt has symbols that it lacks, or a setting is
            out of bounds.
        """
        how = settings.typed(generation.Sampling(temperature, top_k, top_p))
        what = settings.typed(generation.Extent(length, seed))
        settings.check(how)
        settings.check(what)
        return generation.draw_texts(self._place, prompt, what.length, 1, what.seed, how)[0]

    def step(self, inputs: Any, carry: Any = None) -> tuple[Any, Any]:
        """Reads one time step: (outputs (batch, ...), carry), for streams and control loops.

        Args:
          inputs: (batch, width), or symbols (batch,); what the model reads at one step.
          carry: what the step before returned; none at the start.

        Raises:
          UserError: the model needs a whole sequence.
        """
        model = self.experiment.model
        if self.experiment.task.paired or not model.causal:
            raise UserError(f"model {type(model).__name__} reads whole sequences: call the run")
        outputs, carry = self._apply(self.params, np.asarray(inputs)[:, None], carry, None, None)
        # with an axis of time, or (batch, outputs)
        return jax.tree.map(lambda of: of[:, 0] if of.ndim == 3 else of, outputs), carry

    def __call__(
        self, inputs: Any, lengths: Any = None, resets: Any = None, carry: Any = None
    ) -> tuple[Any, Any]:
        """What the model puts out, as numbers: (outputs, carry).

        Args:
          inputs: as the model reads them, (batch, time, ...).
          lengths: (batch,) valid steps; none: all.
          resets: (batch, time), true where a new sequence starts in mid-row.
          carry: to start from; none: zeros.
        """
        return self._apply(self.params, inputs, carry, lengths, resets)

    def to_tensorboard(self, directory: str | pathlib.Path | None = None) -> None:
        """Writes the log for TensorBoard; without a directory into `tensorboard` of the run."""
        place = self._directory / "tensorboard" if directory is None else pathlib.Path(directory)
        to_tensorboard(self._directory, place)

    def export(self, path: str | pathlib.Path) -> list[pathlib.Path]:
        """Writes the model for other tools, in the format that the file's name ends in.

        Returns the files: one, or for some encoder-decoders several.

        Raises:
          UserError: no format has that ending, or the model cannot be expressed in it.
        """
        return exchange.export(self, path)

    def __repr__(self) -> str:
        with contextlib.suppress(UserError):
            return f"{reporting.scores(self.report)}\n{reporting.footer(self.report)}"
        return f"Run({str(self.workdir)!r}), best checkpoint {self.step_of_best:,}, no report yet"

    def _repr_html_(self) -> str:
        with contextlib.suppress(UserError):
            head, *rows = reporting.score_rows(self.report)
            cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
            lines = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
            body = "".join(f"<tr>{line}</tr>" for line in lines)
            return f"<table><tr>{cells}</tr>{body}</table>"
        return html.escape(repr(self))

    @property
    def _directory(self) -> pathlib.Path:
        if self._place.is_file():
            raise UserError(f"{self.workdir} holds no log: load the directory of the run")
        return self.workdir

    @property
    def _place(self) -> pathlib.Path:
        if not self.workdir.exists():
            raise UserError(
                f"{self.workdir} is gone, and this call reads it; give the training a workdir of "
                "your own, and keep it"
            )
        return self.workdir

    def _answers(self, batch: Batch) -> Iterator[Any]:
        """Those to a batch, computed with row counts that were seen before where there are any."""
        size = len(jax.tree.leaves(batch)[0])
        for begin in range(0, size, ROWS[-1]):
            part = jax.tree.map(lambda leaf, b=begin: leaf[b : b + ROWS[-1]], batch)
            count = len(jax.tree.leaves(part)[0])
            more = next(rows for rows in ROWS if rows >= count) - count

            def fill(leaf: Any, more: int = more) -> np.ndarray:
                return np.concatenate([leaf, np.repeat(leaf[:1], more, 0)]) if more else leaf

            outputs = jax.device_get(self._respond(self._who_params, jax.tree.map(fill, part)))
            outputs = jax.tree.map(lambda leaf, c=count: leaf[:c], outputs)
            yield from self.experiment.task.answer(outputs, part)


def load(
    workdir: str | pathlib.Path,
    *,
    classes: Iterable[type] = (),
    config: str | None = None,
    together: bool = False,
) -> Run:
    """The run in a directory, with its best checkpoint.

    Args:
      workdir: the directory, or a `.safetensors` file that `Run.export` wrote.
      classes: models or tasks of your own that the run was made with, if they are not imported.
      config: instead of these, the Python file that defines them.
      together: whether all seeds of the run answer, by the mean of what they say.

    Raises:
      UserError: it is no training directory, holds no intact checkpoint, or a class is not here.
    """
    settings.hand_in(*classes)
    if config is not None:
        load_config(config)
    return Run(pathlib.Path(workdir), together)


def _applied(experiment: Experiment) -> Any:
    def apply(params: Any, inputs: Any, carry: Any, lengths: Any, resets: Any) -> tuple[Any, Any]:
        given = {"lengths": lengths, "resets": resets}
        given = {name: value for name, value in given.items() if value is not None}
        return experiment.model.apply({"params": params}, inputs, carry=carry, **given)

    return apply
