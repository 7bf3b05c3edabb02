"""A directory that version 0.1 wrote, before its modules moved, is still a run."""

import importlib
import json
import pathlib
import tarfile

import pytest

from lstmjax import settings
from lstmjax.inference import evaluation
from lstmjax.moved import MOVED
from lstmjax.tasks.generated.echo import Echo
from lstmjax.tasks.series import Series
from lstmjax.training.run import run

WRITTEN = pathlib.Path(__file__).parent / "written_by_0.1.tar.gz"


@pytest.fixture
def before(tmp_path, monkeypatch):
    with tarfile.open(WRITTEN) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    return pathlib.Path("written_by_0.1")


def test_it_gives_the_scores_of_its_report(before):
    report = json.loads((before / "report.json").read_text())
    assert "lstmjax.tasks.labelled:Labelled" in json.dumps(report["experiment"])
    now = evaluation.evaluate_workdir(before, "test")
    for name, scores in report["test"].items():
        assert now["test"][name]["mean"] == pytest.approx(scores["mean"], rel=1e-6), name


def test_it_goes_on_where_it_stopped(before):
    experiment = evaluation.restore_best(before)[0]
    assert run(experiment, before)["steps"] == 6


@pytest.mark.parametrize("old", MOVED)
def test_every_module_that_moved_is_found_under_both_names(old):
    """As in a config of one's own, written before."""
    module = importlib.import_module(old)
    assert module is importlib.import_module(MOVED[old])
    assert module.__name__ == module.__spec__.name == MOVED[old]


def test_classes_that_moved_are_found_by_the_names_in_old_runs():
    for old, cls in (("lstmjax.tasks.echo:Echo", Echo), ("lstmjax.tasks.series:Series", Series)):
        assert settings._class_named(old, None, "task") is cls
