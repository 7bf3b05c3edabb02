import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.tasks.generated.echo import Echo


def sequences(task, split, count):
    batch = task.batch((), split, jnp.arange(count))
    return np.asarray(batch.inputs.argmax(-1)), np.asarray(batch.targets)


def test_the_target_is_the_symbol_at_the_position():
    for position in (0, 2, 4):
        symbols, targets = sequences(Echo(position=position), "train", 50)
        np.testing.assert_array_equal(targets, symbols[:, position])


def test_an_example_depends_on_its_index_alone():
    task = Echo()
    together = task.batch((), "train", jnp.array([7, 3, 7]))
    alone = task.batch((), "train", jnp.array([7]))
    np.testing.assert_array_equal(together.inputs[0], alone.inputs[0])
    np.testing.assert_array_equal(together.inputs[2], alone.inputs[0])
    assert np.any(together.inputs[1] != alone.inputs[0])


def test_splits_share_no_sequence_though_the_space_is_small():
    task = Echo(length=4, symbols=6, position=0)  # 1,296 sequences
    kinds = [
        set(map(tuple, sequences(task, split, 3000)[0])) for split in ("train", "valid", "test")
    ]
    assert not kinds[0] & kinds[1] and not kinds[0] & kinds[2] and not kinds[1] & kinds[2]
    assert sum(map(len, kinds)) > 1200  # together they fill the space


def test_floors_are_what_they_say():
    task = Echo(test_examples=2000)
    floors = task.floors(task.load())
    symbols, targets = sequences(task, "test", 2000)
    assert floors["chance"]["accuracy"] == 0.1
    np.testing.assert_allclose(
        floors["last symbol"]["accuracy"], (symbols[:, -1] == targets).mean()
    )


def test_metrics_and_show():
    task = Echo(length=3, symbols=10, position=1)
    batch = task.batch((), "test", jnp.arange(2))
    answers = batch.targets.at[1].add(1) % 10
    outputs = 50.0 * jnp.eye(10)[answers]
    assert metrics.divide(task.metrics(outputs, batch))["accuracy"] == 0.5
    lines = task.show(outputs, batch)
    assert lines[0].endswith(f"-> {batch.targets[0]} ok")
    assert lines[1].endswith(f"wrong, {batch.targets[1]}")


def test_contradictory_settings_are_told():
    with pytest.raises(UserError, match="past the end"):
        Echo(length=5, position=5).resolve()
    with pytest.raises(UserError, match="fewer than 1,000"):
        Echo(length=2, position=0).resolve()
