"""The direction of imports, the size of files, and every config end to end."""

import ast
import graphlib
import pathlib

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.experiment import load_config
from lstmjax.inference import evaluation
from lstmjax.runs.checkpoints import restore_best
from lstmjax.training.run import run
from lstmjax.training.steps import init_state, make_step, stretch_of
from tests import tiny
from tests.small_configs import CONFIGS, small

ROOT = pathlib.Path(__file__).parent.parent
SOURCES = sorted(ROOT.glob("lstmjax/**/*.py"))
FOLDERS = sorted({source.parent for source in SOURCES})
# From the bottom to the top: a module imports its own room and those on lower floors.
FLOORS = (
    ("errors", "moved"),
    ("files",),
    ("settings", "devices", "metrics", "programs", "program_cache"),
    ("optimizers", "recurrent"),
    ("models", "tasks"),
    ("experiment",),
    ("runs", "figures"),
    ("exchange",),
    ("inference",),
    ("training",),
    ("estimators",),
    ("course", "benchmark", "papers", "command_line"),
)
FLOOR = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}
ONLY = {"orbax": "lstmjax/runs/checkpoints.py", "matplotlib": "lstmjax/figures"}
MOST_FILES = 14  # of a folder, so that one finds a file by looking


def kind_of(config):
    """Which task and which model a config has."""
    experiment = load_config(str(config))
    return type(experiment.task), type(experiment.model), experiment.seeds > 1


# One config of each kind runs from its training to its answers. Of the others, which differ in
# sizes and settings, an update is traced.
WHOLE = [*{kind_of(config): config for config in CONFIGS[::-1]}.values()][::-1]
OTHERS = [config for config in CONFIGS if config not in WHOLE]
# The first config of each task, all of whose configs answer alike.
ONE_OF_A_KIND = {kind_of(config)[0]: config for config in WHOLE[::-1]}.values()


def imports(source):
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(name):
    return name.split(".")[1] if name.count(".") else "__init__"


def module_of(source):
    return ".".join(source.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(source):
    place, here = str(source.relative_to(ROOT)), room_of(module_of(source))
    for name in imports(source):
        assert name.split(".")[0] not in ("launch", "configs"), f"{place} imports {name}"
        owner = ONLY.get(name.split(".")[0], place)
        assert place.startswith(owner), f"{place} imports {name}"
        there = room_of(name)
        if not name.startswith("lstmjax.") or here in ("__init__", "__main__", there):
            continue
        assert FLOOR[there] < FLOOR[here], f"{place} imports {name}, which is not on a lower floor"


def test_no_two_files_import_each_other():
    modules = {module_of(source): source for source in SOURCES}
    graph = {
        name: {found for found in (nearest(wanted, modules) for wanted in imports(source)) if found}
        for name, source in modules.items()
    }
    try:
        tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        raise AssertionError(f"a circle: {' <- '.join(error.args[1])}") from error


def nearest(name, modules):
    """The module that an imported name is, or is in."""
    return (
        name if name in modules else name.rpartition(".")[0] * (name.rpartition(".")[0] in modules)
    )


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_put_into_a_batch_is_named(source):
    """Lengths that stood where targets belong were once read as nothing at all."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Batch":
            starred = any(isinstance(argument, ast.Starred) for argument in node.args)
            assert len(node.args) <= 1 and not starred, f"line {node.lineno}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_is_seen_at_a_glance(folder):
    assert len(list(folder.glob("*.py"))) <= MOST_FILES


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_read_in_a_sitting(source):
    assert len(source.read_text().splitlines()) <= 330


@pytest.mark.parametrize("config", OTHERS, ids=lambda path: path.stem)
def test_a_config_like_another_fits_together(config, tmp_path):
    """Its task, model and optimizer: the shapes of an update, without computing one."""
    experiment = small(config, tmp_path).resolve()
    data = experiment.task.load().placed(experiment.batch_size)
    state = init_state(experiment, data)
    indices, buckets = stretch_of(experiment, data, 0, 1)
    step = make_step(experiment, data)
    after, log = jax.eval_shape(step, state, data.arrays, indices[0], buckets[0])
    chex.assert_trees_all_equal_shapes_and_dtypes(after.params, state.params)
    assert log["loss"].shape == ()


@pytest.mark.parametrize("config", WHOLE, ids=lambda path: path.stem)
def test_a_config_trains_saves_restores_and_predicts(config, tmp_path):
    report = run(small(config, tmp_path), tmp_path / "run", pictures=False)
    assert np.isfinite(report["test"]["loss"]["mean"])
    assert report["floors"]
    experiment, params, step = restore_best(tmp_path / "run")
    assert step == 2
    data = experiment.task.load()
    if config in ONE_OF_A_KIND:  # a program more
        lines = evaluation.answers(experiment, data, params, count=3)
        assert len(lines) >= 3 and all(isinstance(line, str) for line in lines)
    scores = evaluation.Evaluation(experiment, data, "test", params)(params)
    for name, summary in report["test"].items():
        np.testing.assert_allclose(scores[name], summary["mean"], rtol=1e-6)


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("kind", ["generated", "stream"])
def test_scores_do_not_depend_on_the_evaluation_batch(kind, seeds, tmp_path):
    """Of a stream, only by where its rows begin: one row here."""
    make = {"generated": lambda **f: tiny.echo(**f), "stream": lambda **f: tiny.text(tmp_path, **f)}
    scores = []
    for size in (1, 1) if kind == "stream" else (70, 32, 9):
        experiment = make[kind](evaluation_batch_size=size, seeds=seeds).resolve()
        data = experiment.task.load()
        params = init_state(experiment, data).params
        scores.append(evaluation.Evaluation(experiment, data, "test", params)(params))
    for other in scores[1:]:
        for name, value in scores[0].items():
            np.testing.assert_allclose(other[name], value, rtol=1e-5)


def test_a_stream_is_scored_as_one_text(tmp_path):
    """Reading window by window with the carry is reading the whole split at once."""
    experiment = tiny.text(tmp_path, evaluation_batch_size=1).resolve()
    data = experiment.task.load()
    params = init_state(experiment, data).params
    scores = evaluation.Evaluation(experiment, data, "test", params)(params)
    codes = jnp.asarray(data.arrays["test"])
    logits, _ = experiment.model.apply({"params": params}, codes[None, :-1])
    nats = -jnp.take_along_axis(jax.nn.log_softmax(logits[0]), codes[1:, None], -1).mean()
    np.testing.assert_allclose(scores["nats"], nats, rtol=1e-5)
