import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.tasks.generated.addition import ALPHABET, BLANK, Addition
from lstmjax.tasks.writing import START


def texts(task, split, count):
    """(source, answer) as text, exactly as the model sees them."""
    batch = jax.jit(task.batch, static_argnums=1)((), split, jnp.arange(count))
    rows = zip(np.asarray(batch.inputs[0]), np.asarray(batch.targets), strict=True)
    return batch, [tuple("".join(ALPHABET[c] for c in side) for side in row) for row in rows]


SETTINGS = [
    dict(layout=layout, reverse_source=source, reverse_answer=answer, **numbers)
    for layout in ("padded", "delimited")
    for source, answer in ((False, False), (True, True))
    for numbers in (dict(), dict(terms=2, smallest=0, largest=999))
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_answers_are_the_sums_of_plain_arithmetic(settings):
    task = Addition(**settings)
    batch, rows = texts(task, "train", 100)
    for row, (source, answer) in enumerate(rows):
        if task.layout == "padded":
            assert source == source.strip().rjust(task.terms * task.digits + task.terms - 1)
            assert answer == answer.strip().rjust(task.answer_digits)
            assert batch.lengths is None and batch.mask[row].all()
        else:
            assert source[: batch.lengths[row]] == source.strip()
            assert answer.startswith(answer.strip() + " ")
            np.testing.assert_array_equal(np.flatnonzero(batch.mask[row])[-1], len(answer.strip()))
        source, answer = source.strip(), answer.strip()
        source = source[::-1] if task.reverse_source else source
        answer = answer[::-1] if task.reverse_answer else answer
        terms = source.split("+")
        assert len(terms) == task.terms
        assert all(term == str(int(term)) for term in terms)  # no leading zeros
        assert all(task.smallest <= int(term) <= task.largest for term in terms)
        assert int(answer) == sum(map(int, terms))
    np.testing.assert_array_equal(batch.inputs[1][:, 1:], batch.targets[:, :-1])
    assert np.all(batch.inputs[1][:, 0] == START)


def test_no_tested_operands_were_trained_on_in_any_order():
    task = Addition()
    found = {}
    for split in ("train", "valid", "test"):
        rows = texts(task, split, 3000)[1]
        found[split] = {tuple(sorted(source.strip().split("+"))) for source, _ in rows}
    assert not found["train"] & found["test"]
    assert not found["train"] & found["valid"] and not found["valid"] & found["test"]
    assert sum(map(len, found.values())) == 220  # all multisets of three numbers of ten


def test_permutations_of_held_out_operands_all_occur():
    rows = texts(Addition(), "test", 3000)[1]
    sources = {source.strip() for source, _ in rows}
    assert all("+".join(source.split("+")[::-1]) in sources for source in sources)


def test_as_published_tested_operands_are_trained_on():
    task = Addition(layout="padded", held_out=False)
    sources = [{source for source, _ in texts(task, split, 6000)[1]} for split in ("train", "test")]
    assert len(sources[0] & sources[1]) > 950


def test_floors_by_hand():
    task = Addition(layout="padded", held_out=False, test_examples=2000)
    floors = task.floors(task.load())
    answers = [answer for _, answer in texts(task, "test", 2000)[1]]
    train = [answer for _, answer in texts(task, "train", 10_000)[1]]
    common = max(sorted(set(train)), key=train.count)
    assert floors["most frequent answer"]["sequence_accuracy"] == pytest.approx(
        np.mean([answer == common for answer in answers])
    )
    columns = [max(set(column), key=column.count) for column in map(list, zip(*train, strict=True))]
    assert floors["most frequent characters"]["token_accuracy"] == pytest.approx(
        np.mean([a == b for answer in answers for a, b in zip(answer, columns, strict=True)])
    )
    assert floors["most frequent characters"]["token_accuracy"] == pytest.approx(0.367, abs=0.02)


def test_what_follows_the_stop_symbol_does_not_count():
    task = Addition(terms=2, smallest=0, largest=999)
    batch, _ = texts(task, "test", 50)
    wrong_after = jnp.where(batch.mask, batch.targets, (batch.targets + 1) % 12)
    scores = metrics.divide(task.metrics(50.0 * jnp.eye(12)[wrong_after], batch))
    assert scores["sequence_accuracy"] == scores["token_accuracy"] == 1
    no_stop = jnp.where(batch.targets == BLANK, 0, batch.targets)
    scores = metrics.divide(task.metrics(50.0 * jnp.eye(12)[no_stop], batch))
    assert scores["sequence_accuracy"] == 0 and scores["token_accuracy"] > 0.5


def test_rows_that_do_not_count_are_left_out():
    task = Addition()
    batch, _ = texts(task, "test", 4)
    answers = batch.targets.at[0, 0].add(1).at[3, 0].add(1)
    batch = batch._replace(mask=batch.mask & (jnp.arange(4) < 2)[:, None])
    scores = metrics.divide(task.metrics(50.0 * jnp.eye(12)[answers % 12], batch))
    assert scores["sequence_accuracy"] == 0.5


def test_show_reads_both_sides_the_usual_way():
    for settings in SETTINGS:
        task = Addition(**settings)
        batch, _ = texts(task, "test", 2)
        wrong = batch.targets.at[1, :].set(1)
        first, second = task.show(50.0 * jnp.eye(12)[wrong], batch)
        question, answer = first.split(" = ")
        assert eval(question) == int(answer.split()[0]) and answer.endswith("ok")  # noqa: S307
        assert second.endswith(f"wrong, {eval(second.split(' = ')[0])}")  # noqa: S307


def test_contradictory_settings_are_told():
    with pytest.raises(UserError, match="above task.largest"):
        Addition(smallest=11).resolve()
    with pytest.raises(UserError, match="fewer than 100"):
        Addition(terms=2, smallest=1, largest=9).resolve()
    with pytest.raises(UserError, match="below 2"):
        Addition(terms=400, largest=10_000_000).resolve()
