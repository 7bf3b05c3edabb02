import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.tasks.generated.cumulative_sum import CumulativeSum


def drawn_by(task, split, indices):
    return jax.jit(task.batch, static_argnums=1)((), split, indices)


def label(values, target):
    """The label of every step, with Python sums."""
    answers = []
    for step in range(len(values)):
        before, after = sum(values[: step + 1]), sum(values[step + 1 :])
        answers.append(before >= len(values) / 4 if target == "reached" else before >= after)
    return answers


@pytest.mark.parametrize("target", ["reached", "balance"])
def test_labels_are_those_of_plain_sums(target):
    batch = drawn_by(CumulativeSum(target=target), "train", jnp.arange(100))
    values = np.asarray(batch.inputs[..., 0], np.float64)
    expected = np.array([label(row, target) for row in values])
    np.testing.assert_array_equal(np.asarray(batch.targets) > 0.5, expected)


def test_floors_by_hand():
    for target, reference in (("reached", 0.889), ("balance", 0.92)):
        task = CumulativeSum(target=target, test_examples=2000)
        floors = task.floors(task.load())
        test = drawn_by(task, "test", jnp.arange(2000))
        labels = np.asarray(test.targets)
        train = drawn_by(task, "train", jnp.arange(2000)).targets
        prior = (np.asarray(train).mean(0) > 0.5) == labels
        # the same prior, unless a position is nearly even
        assert floors["position prior"]["accuracy"] == pytest.approx(prior.mean(), abs=5e-3)
        assert floors["position prior"]["accuracy"] == pytest.approx(reference, abs=0.01)


def test_no_direction_alone_can_do_better_than_its_floor():
    """Labels counted over the other side drawn anew: the floor's answer is the likelier one."""
    generator = np.random.default_rng(0)
    values = generator.random(10)
    others = generator.random((20_000, 10))
    for step in (2, 4, 6):
        # read forward to `step`, the rest unknown
        drawn = np.concatenate([np.tile(values[: step + 1], (20_000, 1)), others[:, step + 1 :]], 1)
        share = np.asarray(CumulativeSum(target="balance").label(drawn))[:, step].mean()
        assert (share > 0.5) == (values[: step + 1].sum() >= (9 - step) / 2)
        # read backward to `step`, what came before unknown
        drawn = np.concatenate([others[:, :step], np.tile(values[step:], (20_000, 1))], 1)
        share = np.asarray(CumulativeSum(target="reached").label(drawn))[:, step].mean()
        assert (share > 0.5) == (values[step] + step / 2 >= 2.5)


def test_what_one_direction_can_reach():
    reached = CumulativeSum().floors(CumulativeSum().load())
    assert reached["forward alone at best"]["accuracy"] == 1
    assert reached["backward alone at best"]["accuracy"] == pytest.approx(0.905, abs=0.005)
    balance = CumulativeSum(target="balance")
    floors = balance.floors(balance.load())
    for direction in ("forward", "backward"):
        score = floors[f"{direction} alone at best"]["accuracy"]
        assert floors["position prior"]["accuracy"] < score < 0.97


def test_metrics_and_show():
    task = CumulativeSum(length=4)
    batch = drawn_by(task, "test", jnp.arange(2))
    outputs = ((batch.targets - 0.5) * 8).at[1, 2].multiply(-1)[..., None]
    scores = metrics.divide(task.metrics(outputs, batch))
    assert scores["accuracy"] == 7 / 8 and scores["sequence_accuracy"] == 0.5
    lines = task.show(outputs, batch)
    assert lines[0].endswith("ok") and lines[1].endswith("wrong") and "[" in lines[1]
