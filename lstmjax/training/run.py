"""A run: train in a directory, or go on where it stopped, then score and report."""

import pathlib
import sys
import time
from typing import Any

import jax
import numpy as np

from lstmjax import devices, figures, program_cache
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.files import write_json
from lstmjax.inference import evaluation
from lstmjax.inference.evaluation import Evaluation
from lstmjax.models.base import Model
from lstmjax.recurrent import by_steps, choose_kernel, settle
from lstmjax.runs.checkpoints import Checkpoints
from lstmjax.runs.workdir import Workdir, read_log
from lstmjax.tasks.base import Data
from lstmjax.tasks.buckets import padded_share
from lstmjax.training import averaging, determinism
from lstmjax.training.checks import check_shapes, check_sizes
from lstmjax.training.patience import Patience, check_watched, to_lower
from lstmjax.training.progress import Clock, Pace, Progress
from lstmjax.training.signals import Signals, deferred_signals, untouched_signals
from lstmjax.training.steps import State, compile_advance, init_state
from lstmjax.training.warm_start import check_frozen, start_from
from lstmjax.training.window import Window


def run(
    experiment: Experiment,
    path: pathlib.Path,
    check_determinism: bool = False,
    defer_signals: bool = False,
    pictures: bool = True,
) -> dict[str, Any]:
    """Trains an experiment in a directory, or goes on with the run that is there.

    With several processes, each calls it; the first one writes and speaks.

    Args:
      experiment: what to train.
      path: the directory.
      check_determinism: whether to run the first steps twice before, and to compare the bits.
      defer_signals: whether SIGINT and SIGTERM stop the run where all is saved, as in a command.
        Otherwise no signal is touched, and a KeyboardInterrupt saves what it can and goes on up.
      pictures: whether figures are drawn.

    Returns:
      What `report.json` holds: scores of the best checkpoint, by `best_by`.

    Raises:
      UserError: the settings, the files or the directory are at fault, or the loss is not finite.
      Interrupted: SIGINT or SIGTERM came and was deferred; everything done so far is saved.
    """
    program_cache.keep_programs()
    began = time.perf_counter()
    experiment = experiment.resolve()
    on_host = experiment.task.load()
    reading = time.perf_counter() - began
    check_sizes(experiment, on_host)
    check_shapes(experiment, on_host)
    check_watched(experiment, on_host)
    data = on_host.placed(experiment.batch_size)
    if check_determinism:
        say(determinism.check(experiment, data))
    watch = deferred_signals if defer_signals else untouched_signals
    with watch() as signals, Workdir(path, experiment, devices.is_main()) as workdir:
        sizes = (f"{name} {size:,}" for name, size in data.sizes.items() if size is not None)
        say(f"{experiment.task.describe(on_host)}; examples: {', '.join(sizes)}")
        with Checkpoints(workdir.checkpoints) as checkpoints:
            state, clock = train(experiment, data, workdir, checkpoints, signals)
            clock.add("read", reading)
            result, params = report(experiment, data, checkpoints, state, clock, signals)
            step = result["steps"]
            with signals.at_once(saved_at(step)), clock.on("baselines"):
                result["floors"] = experiment.task.floors(on_host)
            if pictures and devices.is_main():
                with clock.on("pictures"):
                    draw(workdir, experiment, on_host, params)
            result["seconds"] = {part: round(spent, 3) for part, spent in clock.spent.items()}
            if devices.is_main():
                write_json(workdir.path / "report.json", result)
            signals.stop_if_any(f"all {step:,} steps done, and the report written")
            return result


def train(
    experiment: Experiment,
    data: Data,
    workdir: Workdir,
    checkpoints: Checkpoints,
    signals: Signals,
) -> tuple[State, Clock]:
    """Does the updates that are still to do; returns the last state."""
    step = checkpoints.latest_step or 0
    notes = checkpoints.about(step)["notes"] if step else {"seconds": {}, "window": {}}
    clock, window = Clock(notes["seconds"]), Window(notes["window"])
    patience = Patience(experiment.patience, notes.get("patience", {}))
    losses = notes.get("losses", [])  # of all validations
    workdir.rewind_log(step)
    with clock.on("compile"), signals.at_once(saved_at(step)):
        state = init_state(experiment, data)
        check_frozen(experiment, state)
        if step:
            state = checkpoints.restore(state, experiment, step)
        elif experiment.start is not None:
            state = start_from(experiment, state)
        if step == experiment.steps or patience.is_over:
            say(f"all {step:,} steps are done already")
            return state, clock
        advance = compile_advance(experiment, data, state)
        validate = Evaluation(experiment, data, "valid", state.params)

    progress = Progress(step, experiment.steps, quiet=not devices.is_main())
    pace = Pace(clock.spent["train"])
    if step:
        progress.say(f"going on from step {step:,}")

    def read(end: int, count: int, log: dict[str, Any]) -> None:
        """Writes down the stretch of `count` steps that ended at step `end`."""
        log = jax.device_get(log)
        window.add(log, count)
        if log["failed"]:
            last = {name: log[name][log["done"] - 1] for name in ("loss", "gradient_norm")}
            fault = _not_finite(end - count + int(log["done"]), last, checkpoints.latest_step)
            raise UserError(fault)
        if end % experiment.log_every == 0 or is_due(end):
            workdir.log({"step": end} | window.line())
        progress.at(end, float(log["loss"][:count].mean()))

    def is_due(step: int) -> bool:
        return step % experiment.evaluate_every == 0 or step == experiment.steps

    def save(due: bool) -> None:
        """Evaluates if it is time to, and saves a checkpoint."""
        nonlocal state, evaluating
        loss = None  # a checkpoint outside the evaluations is never the best
        if due:
            evaluating = True
            with clock.on("evaluate"):
                scores = validate(state.params)
            evaluating = False
            if not np.isfinite(scores["loss"]).all():
                last = {"validation loss": scores["loss"]}
                raise UserError(_not_finite(step, last, checkpoints.latest_step))
            workdir.log({"step": step, "valid": {k: v.tolist() for k, v in scores.items()}})
            progress.say(f"step {step:,}  {_in_words(scores)}")
            loss = to_lower(scores, experiment.best_by)
            patience.add(loss)
            losses.append(scores["loss"].tolist())
            if state.iterate is not None:
                began = averaging.begin(experiment.optimizer, state.iterate, losses)
                state = state.replace(iterate=began)
        notes = {"seconds": clock.spent, "window": window.to_json(), "losses": losses}
        notes |= {"patience": patience.to_json()}
        workdir.wait_for_disk()
        checkpoints.save(state, experiment, loss, notes)

    evaluating, unread = False, []  # unread are the stretches whose logs are still to be read

    def read_but(last: int) -> None:
        """Reads all but the last stretches, on which the device works."""
        while len(unread) > last:
            read(*unread[0])
            del unread[0]  # not before: an interruption comes while `read` waits for the device

    try:
        while step < experiment.steps and not patience.is_over:
            count = min(
                experiment.log_every - step % experiment.log_every,
                experiment.evaluate_every - step % experiment.evaluate_every,
                experiment.steps - step,
                pace.steps,
            )
            with clock.on("train"):
                state, log = advance(state, step, count)
                step += count
                unread.append((step, count, log))
                read_but(1)
                due, stop = is_due(step), signals.agreed()
                if due or stop:
                    read_but(0)
            pace.tick(clock.spent["train"])
            if due or stop:
                save(due)
                signals.stop_if_agreed(saved_at(step))
        if step < experiment.steps:
            watched = {"loss": "the validation loss"}.get(experiment.best_by, experiment.best_by)
            told = f"{watched} was no better in {experiment.patience:,} evaluations"
            progress.say(f"step {step:,}: {told}, so the run ends")
    except KeyboardInterrupt:
        # in the loop's own lines hardly any time passes: it nearly always waits for the device
        if (unread or evaluating) and not jax.tree.leaves(state)[0].is_deleted():
            if int(np.max(state.step)) == step:
                read_but(0)
                save(is_due(step))
                progress.say(f"{saved_at(step)}; train again to go on")
        raise
    finally:
        progress.close()
    return state, clock


def say(line: str) -> None:
    """Prints a line on stderr, once however many processes there are."""
    if devices.is_main():
        print(line, file=sys.stderr)


def saved_at(step: int) -> str:
    """What to say where everything up to a step is saved."""
    return f"stopped after step {step:,}, all saved" if step else "stopped before the first step"


def _not_finite(step: int, last: dict[str, Any], saved: int | None) -> str:
    values = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in last.items())
    kept = f"checkpoint {saved:,} is intact" if saved else "no checkpoint had been made"
    return (
        f"step {step:,}: not finite ({values}); {kept}; "
        "lower optimizer.learning_rate, set optimizer.clip_norm, or raise skip_nonfinite"
    )


def _in_words(scores: dict[str, Any]) -> str:
    """The validation scores; the loss only if it is none of the others."""
    others = [value for name, value in scores.items() if name != "loss"]
    told = any(np.array_equal(scores["loss"], value) for value in others)
    shown = (
        f"{name} {np.mean(value):.4g}"
        for name, value in scores.items()
        if not (told and name == "loss")
    )
    return f"valid {'  '.join(shown)}"


def report(
    experiment: Experiment,
    data: Data,
    checkpoints: Checkpoints,
    state: State,
    clock: Clock,
    signals: Signals,
) -> tuple[dict[str, Any], Any]:
    """Scores the best checkpoint: the scores, and one seed's parameters.

    They are those of the test split, or without one of the validation split, under its name.
    """
    best, step = checkpoints.best_step, int(np.max(jax.device_get(state.step)))
    params = state.params
    if best != step:
        params = checkpoints.restore_params(best, like=params)
    with signals.at_once(saved_at(step)):
        with clock.on("compile"):
            scored = Evaluation(experiment, data, data.scored, params)
        with clock.on("evaluate"):
            scores = evaluation.summarize(scored(params))
    padding = {}
    if data.buckets is not None:  # of the computed steps
        padding = {"padding": round(padded_share(data.buckets, "train"), 4)}
    skipped = {"skipped": jax.device_get(state.skipped).tolist()}
    result = {
        "experiment": experiment.to_json(),
        "steps": step,
        "best_step": best,
        "examples": step * experiment.batch_size,
        **(skipped if experiment.skip_nonfinite else {}),
        "parameters": evaluation.count_parameters(experiment, params),
        "seconds": {},  # filled in when all is done
        "seeds": experiment.seeds,
        "devices": [device.device_kind for device in data.mesh.devices],
        "kernel": kernel_of(experiment.model),
        data.scored: scores,
        **evaluation.sampled(experiment, data, data.scored),
        **padding,
    }
    return result, jax.device_get(experiment.first_seed(params))


def kernel_of(model: Model) -> str:
    """The kernel that trains a model's LSTM layers, and why if it is not the fastest."""
    reasons = by_steps(model.cell, model.regularization)
    features = int(np.max(getattr(model, "features", 0)))
    name = settle(model.kernel, choose_kernel(model.kernel, reasons), features)
    return f"{name}, for {reasons}" if reasons else name


def draw(workdir: Workdir, experiment: Experiment, data: Data, params: Any) -> None:
    """Draws the learning curve and, where the task has any, forecasts and its own pictures."""
    workdir.figures.mkdir(exist_ok=True)
    log = read_log(workdir.path / "metrics.jsonl")
    if log:  # unless somebody else has written there
        figures.learning_curve(log, workdir.figures / "learning_curve.png")
    if experiment.task.pictured:
        figures.test_forecasts(experiment, data, params, workdir.figures / "forecasts.png")
    for name in experiment.task.drawn:
        getattr(figures, name)(experiment, data, params, workdir.figures / f"{name}.png")
