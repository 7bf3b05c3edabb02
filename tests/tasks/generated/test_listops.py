import statistics

import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.tasks.generated.listops import ListOps, spell

SMALL = dict(train_examples=400, valid_examples=50, test_examples=300)


def expressions(task, split):
    data = task.load()
    batch = task.batch(data.arrays, split, jnp.arange(data.sizes[split]))
    symbols = np.asarray(batch.inputs.argmax(-1))
    rows = zip(symbols, np.asarray(batch.lengths), strict=True)
    return [spell(row[:length]) for row, length in rows], np.asarray(batch.targets)


def evaluate(text):
    """The value and the depth of an expression, by a stack machine of its own."""
    stack, deepest = [], 0
    for word in text.split():
        if word == "]":
            name, *values = stack.pop()
            if name == "MAX":
                value = max(values)
            elif name == "MIN":
                value = min(values)
            elif name == "MED":
                value = int(statistics.median(values))
            else:
                value = sum(values) % 10
            if not stack:
                return value, deepest
            stack[-1].append(value)
        elif word.startswith("["):
            stack.append([word[1:]])
            deepest = max(deepest, len(stack))
        else:
            stack[-1].append(int(word))
    raise AssertionError(f"{text!r} is not closed")


def test_values_are_those_of_another_evaluator():
    texts, values = expressions(ListOps(**SMALL), "train")
    results = [evaluate(text) for text in texts]
    np.testing.assert_array_equal(values, [value for value, _ in results])
    assert {depth for _, depth in results} == {1, 2, 3}
    assert all(len(text.split()) <= 30 for text in texts)
    assert {word for text in texts for word in text.split() if word[0] == "["} == {
        "[MAX",
        "[MIN",
        "[MED",
        "[SM",
    }


def test_depth_length_and_arguments_are_held_to():
    texts, _ = expressions(
        ListOps(depth=5, nesting=0.5, length=12, most_arguments=3, **SMALL), "test"
    )
    assert max(evaluate(text)[1] for text in texts) > 2
    assert max(len(text.split()) for text in texts) <= 12


def test_no_expression_occurs_twice():
    task = ListOps(depth=1, most_arguments=3, **SMALL)
    everything = [
        text for split in ("train", "valid", "test") for text in expressions(task, split)[0]
    ]
    assert len(set(everything)) == len(everything) == 750


def test_the_seed_determines_the_data():
    first, _ = expressions(ListOps(**SMALL), "test")
    other, _ = expressions(ListOps(data_seed=1, **SMALL), "test")
    assert first != other
    # drawn again, not taken from memory
    again, _ = expressions(
        ListOps(valid_examples=50, train_examples=400, test_examples=300), "test"
    )
    assert first == again


def test_floors_by_hand():
    task = ListOps(**SMALL)
    floors = task.floors(task.load())
    texts, truth = expressions(task, "test")
    train, answers = expressions(task, "train")
    assert floors["majority"]["accuracy"] == pytest.approx(
        (truth == np.bincount(answers).argmax()).mean()
    )
    guesses = {}
    for name in ("[MAX", "[MIN", "[MED", "[SM"):
        mine = [value for text, value in zip(train, answers, strict=True) if text.startswith(name)]
        guesses[name] = np.bincount(mine).argmax()
    by_operator = np.array([guesses[text.split()[0]] for text in texts])
    assert floors["majority of the outermost operator"]["accuracy"] == pytest.approx(
        (by_operator == truth).mean()
    )
    flat = [
        evaluate(" ".join([text.split()[0], *(w for w in text.split() if w.isdigit()), "]"]))[0]
        for text in texts
    ]
    assert floors["outermost operator on all digits"]["accuracy"] == pytest.approx(
        (flat == truth).mean()
    )


def test_metrics_and_show():
    task = ListOps(**SMALL)
    data = task.load()
    batch = task.batch(data.arrays, "test", jnp.arange(2))
    outputs = 50.0 * jnp.eye(10)[jnp.asarray(batch.targets).at[1].add(1) % 10]
    assert metrics.divide(task.metrics(outputs, batch))["accuracy"] == 0.5
    first, second = task.show(outputs, batch)
    assert first.endswith("ok") and second.endswith(f"wrong, {batch.targets[1]}")
    assert evaluate(first.split(" = ")[0])[0] == batch.targets[0]


def test_too_few_expressions_are_told():
    with pytest.raises(UserError, match="different expressions"):
        ListOps(depth=1, most_arguments=2, length=4, **SMALL).load()
