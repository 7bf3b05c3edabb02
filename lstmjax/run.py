"""A run: train in a directory, or go on where it stopped, then score and report."""

import contextlib
import math
import pathlib
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from lstmjax import evaluation, figures
from lstmjax.checkpointing import Checkpoints
from lstmjax.errors import Interrupted, UserError
from lstmjax.evaluation import Evaluation
from lstmjax.experiment import Experiment
from lstmjax.recurrent import choose_kernel
from lstmjax.tasks.base import Data
from lstmjax.tasks.buckets import padded_share
from lstmjax.training import State, check_sizes, init_state, make_advance, stretch_of
from lstmjax.workdir import Workdir, read_log, write_json

SECONDS_BETWEEN_LINES = 10.0  # of progress where there is no terminal


class Clock:
    """Seconds spent on each part of a run."""

    def __init__(self, spent: dict[str, float]):
        """Starts from what earlier sessions of the same run spent."""
        self.spent = {"compile": 0.0, "train": 0.0, "evaluate": 0.0} | spent

    @contextlib.contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Adds the time of a block to a part."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.spent[part] += time.perf_counter() - start


class Progress:
    """How far a run is: a bar with rate and time left on a terminal, plain lines elsewhere."""

    def __init__(self, start: int, steps: int):
        """Starts at step `start` of `steps`."""
        self._bar = tqdm(total=steps, initial=start, unit=" steps", disable=not sys.stderr.isatty())
        self._start, self._steps = start, steps
        self._began = self._last = time.perf_counter()

    def at(self, step: int, loss: float) -> None:
        """Shows the step and the training loss."""
        self._bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
        self._bar.update(step - self._bar.n if not self._bar.disable else 0)
        now = time.perf_counter()
        if self._bar.disable and now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            rate = (step - self._start) / (now - self._began)
            left = tqdm.format_interval((self._steps - step) / rate)
            self.say(
                f"step {step:,}/{self._steps:,}  loss {loss:.4g}  {rate:.3g} steps/s  {left} left"
            )

    def say(self, line: str) -> None:
        """Prints a line above the bar."""
        tqdm.write(line, file=sys.stderr)

    def close(self) -> None:
        """Leaves the bar as it is."""
        self._bar.close()


@contextlib.contextmanager
def deferred_signals() -> Iterator[list[int]]:
    """A list in which SIGINT and SIGTERM appear instead of striking; a second one strikes."""
    received: list[int] = []

    def note(number: int, _: Any) -> None:
        received.append(number)
        if len(received) > 1:
            raise Interrupted(number, "stopped at once; run the same command to go on")

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in numbers]
    try:
        yield received
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def stop_if(signals: list[int], step: int) -> None:
    """Raises Interrupted if a signal has come. Call it where everything up to `step` is saved."""
    if signals:
        name = signal.Signals(signals[0]).name
        raise Interrupted(
            signals[0],
            f"{name}: stopped after step {step:,}, all saved; run the same command to go on",
        )


def run(experiment: Experiment, path: pathlib.Path) -> dict[str, Any]:
    """Trains an experiment in a directory, or goes on with the run that is there.

    Returns:
      What `report.json` holds: scores of the checkpoint with the lowest validation loss.

    Raises:
      UserError: the settings, the files or the directory are at fault, or the loss is not finite.
      Interrupted: SIGINT or SIGTERM came; everything done so far is saved.
    """
    experiment = experiment.resolve()
    data = experiment.task.load()
    check_sizes(experiment, data)
    jax.eval_shape(lambda: init_state(experiment, data))  # faults of the model, before any file
    data = data._replace(arrays=jax.device_put(data.arrays))
    with deferred_signals() as signals, Workdir(path, experiment) as workdir:
        sizes = (f"{name} {size:,}" for name, size in data.sizes.items() if size is not None)
        print(f"{experiment.task.describe(data)}; examples: {', '.join(sizes)}", file=sys.stderr)
        with Checkpoints(workdir.checkpoints) as checkpoints:
            state, clock = train(experiment, data, workdir, checkpoints, signals)
            return report(experiment, data, workdir, checkpoints, state, clock, signals)


def train(
    experiment: Experiment,
    data: Data,
    workdir: Workdir,
    checkpoints: Checkpoints,
    signals: list[int],
) -> tuple[State, Clock]:
    """Does the updates that are still to do; returns the last state."""
    step = checkpoints.latest_step or 0
    clock = Clock(checkpoints.seconds(step) if step else {})
    workdir.rewind_log(step)
    with clock.on("compile"):
        state = init_state(experiment, data)
        if step:
            state = checkpoints.restore(state, step)
        if step == experiment.steps:
            return state, clock
        advance = jax.jit(make_advance(experiment, data), donate_argnums=0)
        stretch = stretch_of(experiment, data, step, 0)
        advance = advance.lower(state, data.arrays, stretch, np.int32(0)).compile()
        validate = Evaluation(experiment, data, "valid", state.params)

    progress = Progress(step, experiment.steps)
    if step:
        progress.say(f"going on from step {step:,}")

    def read(end: int, count: int, log: dict[str, Any]) -> None:
        """Writes down the stretch of `count` steps that ended at step `end`."""
        log = jax.device_get(log)
        done = log.pop("done")
        last = {name: values[done - 1] for name, values in log.items()}
        if not all(np.isfinite(value).all() for value in last.values()):
            raise UserError(_not_finite(end - count + int(done), last, checkpoints.latest_step))
        means = {name: values[:count].mean(0, dtype=np.float64) for name, values in log.items()}
        workdir.log({"step": end} | {name: value.tolist() for name, value in means.items()})
        progress.at(end, float(means["loss"].mean()))

    unread = None
    while step < experiment.steps:
        boundary = min(
            step - step % every + every
            for every in (experiment.log_every, experiment.evaluate_every)
        )
        count = min(boundary, experiment.steps) - step
        with clock.on("train"):
            stretch = stretch_of(experiment, data, step, count)
            state, log = advance(state, data.arrays, stretch, np.int32(count))
            if unread:  # the stretch before, while the device works on this one
                read(*unread)
            step, unread = step + count, (step + count, count, log)
            due = step % experiment.evaluate_every == 0 or step == experiment.steps
            stop = bool(signals)  # read once: one that comes from here on waits for the next round
            if due or stop:
                read(*unread)
                unread = None
        if due:
            with clock.on("evaluate"):
                scores = validate(state.params)
            if not np.isfinite(scores["loss"]).all():
                last = {"validation loss": scores["loss"]}
                raise UserError(_not_finite(step, last, checkpoints.latest_step))
            workdir.log({"step": step, "valid": {k: v.tolist() for k, v in scores.items()}})
            progress.say(f"step {step:,}  {_in_words(scores)}")
        if due or stop:
            # a checkpoint outside the evaluations has no validation loss and is never the best
            loss = float(np.mean(scores["loss"])) if due else math.inf
            checkpoints.save(state, experiment, loss, clock.spent)
        if stop:
            stop_if(signals, step)
    progress.close()
    return state, clock


def _not_finite(step: int, last: dict[str, Any], saved: int | None) -> str:
    values = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in last.items())
    kept = f"checkpoint {saved:,} is intact" if saved else "no checkpoint had been made"
    return (
        f"step {step:,}: not finite ({values}); {kept}; "
        "lower optimizer.learning_rate, or set optimizer.clip_norm"
    )


def _in_words(scores: dict[str, Any]) -> str:
    return "  ".join(f"valid {name} {np.mean(value):.4g}" for name, value in scores.items())


def report(
    experiment: Experiment,
    data: Data,
    workdir: Workdir,
    checkpoints: Checkpoints,
    state: State,
    clock: Clock,
    signals: list[int],
) -> dict[str, Any]:
    """Scores the best checkpoint on the test split, beside the floors; writes it all down."""
    best = checkpoints.best_step
    params = (
        state.params if best == experiment.steps else checkpoints.restore_params(state.params, best)
    )
    with clock.on("compile"):
        test = Evaluation(experiment, data, "test", params)
    with clock.on("evaluate"):
        scores = evaluation.summarize(test(params))
    stop_if(signals, experiment.steps)
    result = {
        "experiment": experiment.to_json(),
        "steps": experiment.steps,
        "best_step": best,
        "examples": experiment.steps * experiment.batch_size,
        "parameters": evaluation.count_parameters(experiment, params),
        "seconds": {part: round(seconds, 3) for part, seconds in clock.spent.items()},
        "seeds": experiment.seeds,
        "devices": [device.device_kind for device in jax.devices()],
        "kernel": choose_kernel(experiment.model.kernel),
        "test": scores,
        "floors": experiment.task.floors(data),
    }
    if data.buckets is not None:
        result["padding"] = round(padded_share(data.buckets, "train"), 4)  # of the computed steps
    stop_if(signals, experiment.steps)
    write_json(workdir.path / "report.json", result)
    workdir.figures.mkdir(exist_ok=True)
    figures.learning_curve(
        read_log(workdir.path / "metrics.jsonl"), workdir.figures / "learning_curve.png"
    )
    return result
