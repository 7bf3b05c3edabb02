"""What is told before a run makes its directory."""

import flax.linen as nn
import pytest

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.vanilla import Vanilla
from lstmjax.tasks.generated.cumulative_sum import CumulativeSum
from lstmjax.tasks.generated.damped_sine import DampedSine
from tests import tiny
from tests.tiny import run

FEW = dict(valid_examples=50, test_examples=50)


@pytest.mark.parametrize(
    "changes, told",
    [
        (dict(model=Vanilla(features=8, every_step=True)), r"\(4, 6\) .* task Echo, \(\)"),
        (dict(model=Vanilla(features=8, every_step=True), seeds=2), r"\(4, 6\) .* task Echo, \(\)"),
        (
            dict(task=CumulativeSum(length=4, **FEW), model=Bidirectional(every_step=False)),
            r"\(1,\) .* task CumulativeSum, \(4,\)",
        ),
        (  # (batch, 1, 5) and (batch, 5) broadcast
            dict(task=DampedSine(length=1, **FEW), model=Vanilla(features=8, every_step=True)),
            r"\(1, 5\) .* task DampedSine, \(5,\)",
        ),
        (
            dict(task=CumulativeSum(length=4, **FEW), model=Bidirectional(merge="none")),
            r"\(\(4, 1\), \(4, 1\)\) .* task CumulativeSum, \(4,\)",
        ),
    ],
)
def test_outputs_that_do_not_fit_the_targets_leave_no_directory(changes, told, tmp_path):
    with pytest.raises(UserError, match=f"puts out {told}: change whether"):
        run(tiny.echo(**changes), tmp_path / "new")
    assert not (tmp_path / "new").exists()


class Module(nn.Module):
    outputs: int = 1

    @nn.compact
    def __call__(self, inputs):
        return nn.Dense(self.outputs)(inputs[:, -1])


class OutputsAlone(Model):
    @nn.compact
    def __call__(self, inputs, **settings):
        return self.dense(self.outputs)(inputs[:, -1])


class Narrow(Model):
    @nn.compact
    def __call__(self, inputs, **settings):
        return self.dense(4)(inputs[:, -1]), None


class Normed(Model):
    @nn.compact
    def __call__(self, inputs, *, train=False, **settings):
        inputs = nn.BatchNorm(use_running_average=not train)(inputs[:, -1])
        return self.dense(self.outputs)(inputs), None


class Fixed(Model):
    def __call__(self, inputs, **settings):
        return inputs[:, -1], None


@pytest.mark.parametrize(
    "model, told",
    [
        (Normed(), "model keeps batch_stats beside its parameters, .* LayerNorm"),
        (Fixed(), "model has no parameters"),
        (Module(), r"model Module lacks .*: derive it from lstmjax\.models\.base\.Model"),
        (OutputsAlone(), r"model OutputsAlone returns .*: let it return \(outputs, carry\)"),
        (Narrow(), r"model Narrow puts out 4 scores, task Echo has 6 classes: .* self\.outputs"),
    ],
)
def test_own_models_of_another_form_are_told_what_is_missing(model, told, tmp_path):
    with pytest.raises(UserError, match=told):
        run(tiny.echo(model=model), tmp_path / "new")
    assert not (tmp_path / "new").exists()
