import json

import pytest

from lstmjax import settings
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.models.generative import Generative
from lstmjax.optimizers import SGD
from lstmjax.recurrent.cells import Original
from lstmjax.tasks.series import Series
from tests import tiny


def test_json_and_back(tmp_path):
    for experiment in (tiny.echo(), tiny.text(tmp_path).resolve()):
        text = json.dumps(experiment.to_json())
        assert Experiment.from_json(json.loads(text)) == experiment


@pytest.mark.parametrize(
    "assignment, read, value",
    [
        ("steps=1_000", lambda e: e.steps, 1000),
        ("model.features=64", lambda e: e.model.features, 64),
        ("optimizer.learning_rate=1e-4", lambda e: e.optimizer.learning_rate, 1e-4),
        ("optimizer.clip_norm=none", lambda e: e.optimizer.clip_norm, None),
        ("optimizer.clip_norm=2", lambda e: e.optimizer.clip_norm, 2.0),
        ("optimizer.schedule=cosine", lambda e: e.optimizer.schedule, "cosine"),
        ("model.every_step=true", lambda e: e.model.every_step, True),
    ],
)
def test_set_is_typed(assignment, read, value):
    changed = read(tiny.echo().override([assignment]))
    assert changed == value and type(changed) is type(value)


def test_set_reads_tuples():
    for text in ("64,32", "(64, 32)", "[64,32]"):
        assert settings.override(Generative(), f"features={text}").features == (64, 32)
    assert settings.override(Generative(), "features=64").features == (64,)


@pytest.mark.parametrize(
    "text, names",
    [
        ("T (degC)", ("T (degC)",)),
        ("T (degC", ("T (degC",)),
        ("(a), p (mbar)", ("(a)", "p (mbar)")),
        ("(T (degC), [p])", ("T (degC)", "[p]")),
        ("()", ()),
        ("(", ("(",)),
    ],
)
def test_brackets_within_a_list_are_kept(text, names):
    assert settings.override(Series(), f"targets={text}").targets == names


@pytest.mark.parametrize(
    "assignment, message",
    [
        ("model.feature=64", "did you mean 'features'?"),
        ("stepz=3", "did you mean 'steps'?"),
        ("optimizer.schedule=cosin", "did you mean 'cosine'?"),
        ("steps=1.5", "a whole number, got '1.5'"),
        ("steps=", "a whole number"),
        ("optimizer.learning_rate=fast", "a number, got 'fast'"),
        ("optimizer.learning_rate=nan", "a number, got nan"),
        ("model.every_step=2", "true or false"),
        ("model.features.more=1", "no settings below"),
        ("model=3", "set one of model."),
        ("steps", "key=value"),
    ],
)
def test_set_refuses_in_one_line(assignment, message):
    with pytest.raises(UserError) as caught:
        tiny.echo().override([assignment])
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_bounds_are_checked_with_the_path_of_the_setting():
    with pytest.raises(UserError, match="model.features must be at least 1, got 0"):
        tiny.echo().override(["model.features=0"]).resolve()
    with pytest.raises(UserError, match="model.dropout must be at most 0.95, got 2.0"):
        tiny.echo().override(["model.dropout=2"]).resolve()
    with pytest.raises(UserError, match="task.length must be at most 2,147,483,647, got 9999999"):
        tiny.echo().override(["task.length=9999999999"]).resolve()


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda value: value.update(steps="many"), "steps must be a whole number"),
        (lambda value: value.update(stepz=1), "did you mean 'steps'?"),
        (lambda value: value["model"].update(type="os:system"), "not here"),
        (lambda value: value["model"].update(type="antigravity:Model"), "not here"),
        (lambda value: value.update(model=value["task"]), "must be a Model"),
        (lambda value: value.update(type=None), "not here"),
    ],
)
def test_foreign_json_is_refused(damage, message):
    value = tiny.echo().to_json()
    damage(value)
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        Experiment.from_json(value)


def test_differences_name_the_setting():
    changed = tiny.echo().override(["model.features=9", "steps=5"])
    expected = ["model.features: 8 -> 9", "steps: 12 -> 5"]
    assert settings.differences(tiny.echo(), changed) == expected
    assert settings.differences(changed, changed) == []


def test_a_class_is_chosen_by_name():
    experiment = tiny.echo().override(["optimizer=SGD", "optimizer.momentum=0.5"])
    assert experiment.optimizer == SGD(momentum=0.5)
    experiment = experiment.override(["model.cell=Original", "model.cell.block=2"])
    assert experiment.model.cell == Original(block=2)
    with pytest.raises(UserError, match="or set it to one of Greff, LayerNorm, Original, Standard"):
        experiment.override(["model.cell=Origin"])
