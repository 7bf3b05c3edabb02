import json
import os
import signal

import jax
import numpy as np
import pytest

from lstmjax.errors import Interrupted, UserError
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import SGD, Adam
from lstmjax.runs.checkpoints import Checkpoints, restore_best
from lstmjax.runs.workdir import Workdir
from lstmjax.tasks.generated.echo import Echo
from lstmjax.tasks.panels import Panels
from lstmjax.training import run as run_module
from lstmjax.training import steps as training
from lstmjax.training.progress import Clock
from lstmjax.training.steps import init_state
from tests import small_files, tiny
from tests.tiny import run

TRIGGERED = SGD(30.0, average="triggered", average_patience=0)  # a loss that jumps up and down


def files(directory):
    return {p: p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


def what_must_be_equal(directory):
    report = json.loads((directory / "report.json").read_text())
    del report["seconds"]
    experiment, params, step = restore_best(directory)
    arrays = {str(path): np.asarray(leaf).tobytes() for path, leaf in _leaves(params)}
    return report, (directory / "metrics.jsonl").read_text(), arrays, step


def _leaves(tree, path=()):
    if isinstance(tree, dict):
        for name, inner in tree.items():
            yield from _leaves(inner, (*path, name))
    else:
        yield path, tree


@pytest.mark.parametrize(
    "kind",
    [
        "generated",
        "stream",
        "seeds",
        "buckets",
        "curriculum",
        "regularized",
        "moving",
        "triggered",
    ],
)
def test_a_run_stopped_and_resumed_is_the_run_unstopped(kind, tmp_path, monkeypatch):
    """Stopped at two log boundaries, one of them between two evaluations."""
    experiment = {
        "generated": lambda: tiny.echo(),
        "stream": lambda: tiny.text(tmp_path),
        "seeds": lambda: tiny.echo(seeds=2),
        "buckets": lambda: tiny.listops(),
        "curriculum": lambda: tiny.programs(),
        "regularized": lambda: tiny.text(tmp_path, model=tiny.regularized()),
        "moving": lambda: tiny.echo(optimizer=Adam(1e-2, average="moving"), seeds=2),
        "triggered": lambda: tiny.echo(optimizer=TRIGGERED, evaluate_every=2, seeds=2),
    }[kind]()
    run(experiment, tmp_path / "whole")

    genuine, stretches = training.stretch_of, []

    def stop_in_every_second_stretch(*arguments):
        stretches.append(arguments)
        if len(stretches) % 3 == 2 and len(stretches) < 8:
            os.kill(os.getpid(), signal.SIGTERM)
        return genuine(*arguments)

    monkeypatch.setattr(training, "stretch_of", stop_in_every_second_stretch)
    stops = 0
    while True:
        try:
            run(experiment, tmp_path / "parts", defer_signals=True)
            break
        except Interrupted as stop:
            assert stop.number == signal.SIGTERM
            stops += 1
    assert stops == 2
    assert what_must_be_equal(tmp_path / "parts") == what_must_be_equal(tmp_path / "whole")


def test_a_run_without_progress_ends_early_however_often_it_is_stopped(tmp_path, monkeypatch):
    still = Adam(learning_rate=1e-30)  # the loss cannot fall after the first evaluation
    experiment = tiny.echo(optimizer=still, evaluate_every=3, patience=2)
    report = run(experiment, tmp_path / "whole")
    assert (report["steps"], report["best_step"], report["examples"]) == (9, 9, 36)

    genuine = training.stretch_of

    def stop_at_the_second_evaluation(experiment, data, first, count):
        if first == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return genuine(experiment, data, first, count)

    monkeypatch.setattr(training, "stretch_of", stop_at_the_second_evaluation)
    with pytest.raises(Interrupted, match="after step 6"):
        run(experiment, tmp_path / "parts", defer_signals=True)
    monkeypatch.undo()
    for _ in range(2):  # the second time there is nothing left to do
        run(experiment, tmp_path / "parts", defer_signals=True)
        assert what_must_be_equal(tmp_path / "parts") == what_must_be_equal(tmp_path / "whole")


def test_the_best_checkpoint_is_best_by_the_score_that_is_watched(tmp_path):
    """Nats and errors of a few wild updates do not agree."""
    found = set()
    for best_by, sign in (("loss", 1), ("-accuracy", -1), ("accuracy", 1)):
        where = tmp_path / best_by
        experiment = tiny.echo(optimizer=Adam(0.5), evaluate_every=2, best_by=best_by)
        report = run(experiment, where)
        log = map(json.loads, (where / "metrics.jsonl").read_text().splitlines())
        scores = {line["step"]: line["valid"] for line in log if "valid" in line}
        name = best_by.removeprefix("-")
        values = {step: sign * np.mean(score[name]) for step, score in scores.items()}
        assert values[report["best_step"]] == min(values.values())
        found.add(report["best_step"])
    assert len(found) > 1


def test_a_score_that_there_is_not_is_told_before_training(tmp_path):
    with pytest.raises(UserError, match="best_by is 'f1'; the validation has accuracy, loss"):
        run(tiny.echo(best_by="f1"), tmp_path / "run")
    assert not (tmp_path / "run").exists()  # the right name may go there


def test_a_score_that_the_validation_does_not_define_is_told(tmp_path):
    """MASE divides by the change over a season, and no series is that long."""
    task = Panels(
        path=str(small_files.panel_csv(tmp_path)),
        series="meter",
        time="hour",
        targets=("y",),
        lookback=4,
        horizon=2,
        season=365,
    )
    experiment = tiny.echo(task=task, best_by="mase", steps=1)
    with pytest.raises(UserError, match="best_by is 'mase', which nothing in the validation part"):
        run(experiment, tmp_path / "run")
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_finished_run_reports_again_and_changes_nothing(tmp_path):
    first = run(tiny.echo(), tmp_path)
    log = (tmp_path / "metrics.jsonl").read_text()
    second = run(tiny.echo(), tmp_path)
    assert second["test"] == first["test"]
    assert (tmp_path / "metrics.jsonl").read_text() == log


def test_the_report_says_what_the_contract_promises(tmp_path):
    report = run(tiny.echo(seeds=2), tmp_path, pictures=True)
    assert report == json.loads((tmp_path / "report.json").read_text())
    promised = {"experiment", "steps", "examples", "seconds", "seeds", "devices", "kernel"}
    assert set(report) == promised | {"best_step", "parameters", "test", "floors"}
    assert set(report["seconds"]) == {
        "read",
        "compile",
        "train",
        "evaluate",
        "baselines",
        "pictures",
    }
    accuracy = report["test"]["accuracy"]
    assert len(accuracy["each"]) == 2
    np.testing.assert_allclose(accuracy["mean"], np.mean(accuracy["each"]))
    np.testing.assert_allclose(accuracy["deviation"], np.std(accuracy["each"], ddof=1))
    np.testing.assert_allclose(report["floors"]["chance"]["accuracy"], 1 / 6)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [3, 6, 6, 9, 12, 12]
    assert (tmp_path / "figures" / "learning_curve.png").stat().st_size > 1000


def test_a_signal_during_the_report_stops_what_comes_after(tmp_path, monkeypatch):
    """As the next lesson of a course."""
    monkeypatch.setattr(run_module, "train", lambda *_: (None, Clock({})))
    monkeypatch.setattr(run_module, "report", lambda *_: ({"steps": 12}, None))
    monkeypatch.setattr(Echo, "floors", lambda *_: {})
    monkeypatch.setattr(run_module, "write_json", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(Interrupted, match="SIGINT: all 12 steps done, and the report written"):
        run(tiny.echo(), tmp_path, defer_signals=True)


def test_lines_after_the_checkpoint_are_written_anew(tmp_path):
    run(tiny.echo(), tmp_path)
    log = (tmp_path / "metrics.jsonl").read_text()
    (tmp_path / "metrics.jsonl").write_text(log + '{"step": 13, "loss": 1}\n{"step": 14, "lo')
    run(tiny.echo(), tmp_path)
    assert (tmp_path / "metrics.jsonl").read_text() == log


def test_another_experiment_is_refused_and_nothing_touched(tmp_path):
    run(tiny.echo(), tmp_path)
    before = files(tmp_path)
    with pytest.raises(UserError, match="another experiment .*model.features: 8 -> 9"):
        run(tiny.echo(model=Vanilla(features=9)), tmp_path)
    assert files(tmp_path) == before


def test_a_second_run_in_the_same_directory_is_refused(tmp_path):
    with Workdir(tmp_path, tiny.echo().resolve()):
        with pytest.raises(UserError, match="another run is using it"):
            run(tiny.echo(), tmp_path)


def test_a_bad_setting_leaves_no_directory(tmp_path):
    with pytest.raises(UserError, match="steps must be at least 1"):
        run(tiny.echo(steps=0), tmp_path / "new")
    with pytest.raises(UserError, match="no such file"):
        run(tiny.text(tmp_path).override([f"task.path={tmp_path}/absent"]), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["dtype", "param_dtype"])
def test_float64_is_refused_where_jax_would_compute_in_float32(name):
    experiment = tiny.echo().override([f"model.{name}=float64"])
    with pytest.raises(UserError, match=rf"model.{name} is float64.*JAX_ENABLE_X64=1"):
        experiment.resolve()
    with jax.enable_x64(True):
        experiment.resolve()


def test_the_best_checkpoint_outlives_later_ones(tmp_path):
    experiment = tiny.echo(steps=30, log_every=5, evaluate_every=5)
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        experiment = experiment.resolve()
        state = init_state(experiment, experiment.task.load())
        for step, loss in ((5, 3.0), (10, 1.0), (15, 2.0), (20, 4.0), (25, None)):
            checkpoints.save(state.replace(step=np.int32(step)), experiment, loss, {})
        assert checkpoints.best_step == 10 and checkpoints.latest_step == 25
    kept = sorted(int(p.name) for p in (tmp_path / "checkpoints").iterdir() if p.name.isdigit())
    assert kept == [10, 20, 25]


def test_reading_leaves_a_save_in_progress_alone(tmp_path):
    run(tiny.echo(), tmp_path)
    busy = tmp_path / "checkpoints" / ".18"
    busy.mkdir()
    restore_best(tmp_path)
    assert busy.exists()
    assert restore_best(tmp_path)[2] == 12
