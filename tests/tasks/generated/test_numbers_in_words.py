import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.inference.prediction import predict
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.base import Written
from lstmjax.tasks.generated.numbers_in_words import DIRECTIONS, NumbersInWords
from lstmjax.tasks.generated.wording import say
from lstmjax.training.run import run
from tests.small_configs import CONFIGS, small

SMALL = NumbersInWords(numbers=200, dates=60, shapes=1)


def texts(task):
    return {
        split: [("".join(pair.source), "".join(pair.target)) for pair in pairs]
        for split, pairs in task.parts().items()
    }


def test_pairs_are_the_same_content_in_two_languages():
    known = {
        language: {say((number,), language): number for number in range(10_000)}
        for language in ("en", "de", "fr")
    }
    rows = texts(NumbersInWords(numbers=200, dates=60, digits=4))["train"]
    found = 0
    for place, (source, target) in enumerate(rows):
        before, after = DIRECTIONS[place % len(DIRECTIONS)]
        marker, words = source.split(": ")
        assert marker == after
        if words in known[before]:
            assert known[before][words] == known[after][target]
            found += 1
    assert found == 170 * len(DIRECTIONS)  # 0.85 of the numbers


def test_what_is_tested_was_trained_on_in_no_language():
    found = {
        split: {text for source, target in rows for text in (source.split(": ")[1], target)}
        for split, rows in texts(NumbersInWords(numbers=600, dates=300)).items()
    }
    # six is the same word in English and French, and means the same
    assert not found["train"] & found["test"] and not found["valid"] & found["test"]
    assert not found["train"] & found["valid"]
    assert len(texts(SMALL)["test"]) == (20 + 6) * len(DIRECTIONS)


def test_every_number_of_digits_is_as_frequent():
    task = NumbersInWords(numbers=3000, dates=20)
    rows = [target for source, target in texts(task)["train"] if source.startswith("en: ")]
    numbers = [target for target in rows if "," not in target][::2]
    large = np.mean([" thousand" in target for target in numbers])
    assert large == pytest.approx(3 * 500 / (9 + 90 * 0.996 + 900 * 0.43 + 1500), abs=0.05)


def test_scores_of_written_answers_by_hand():
    task = SMALL.resolve()
    data = task.load()
    batch = task.batch(data.arrays, "test", jnp.arange(4), data.shapes[-1])
    truth = np.asarray(batch.targets[:, 0])
    written = np.array(truth)
    written[1, 0] = (written[1, 0] + 1) % task.stop  # one symbol of one answer is another
    logits = 30.0 * jnp.eye(task.outputs)[truth].at[2, 0].set(0)  # which says the first symbol
    logits = logits.at[2, 0, (truth[2, 0] + 1) % task.stop].set(30.0)
    outputs = Written(jnp.asarray(written)[:, None], jnp.zeros((4, 1)), logits)
    sums = {name: np.asarray(of) for name, of in task.metrics(outputs, batch).items()}
    lengths = (truth != task.stop).sum(1)
    assert tuple(sums["sequence_accuracy"]) == (3, 4)
    assert tuple(sums["token_error_rate"]) == (1, lengths.sum())
    assert tuple(sums["token_accuracy"]) == (lengths.sum() + 3, lengths.sum() + 4)


def test_a_dictionary_knows_what_stays_in_its_place():
    task = NumbersInWords(numbers=600, dates=60).resolve()
    floors = task.floors(task.load())
    assert set(floors) == {"most common target", "nearest spelling", "word by word"}
    assert floors["nearest spelling"]["sequence_accuracy"] == 0  # it is another number
    assert 0 < floors["nearest spelling"]["token_error_rate"] < 0.5
    assert 0.02 < floors["word by word"]["sequence_accuracy"] < 0.3
    assert task.scores([pair.target for pair in task.parts()["test"]]) == {
        "sequence_accuracy": 1,
        "token_error_rate": 0,
    }


def test_a_run_translates_a_file_and_draws_where_it_looked(tmp_path):
    (config,) = (config for config in CONFIGS if config.stem == "numbers_in_words")
    run(small(config, tmp_path), tmp_path / "run")
    assert (tmp_path / "run" / "figures" / "alignment.png").stat().st_size > 10_000
    (tmp_path / "in.txt").write_text("de: seventy-one\n\nfr: ein Hut\n")
    predict(tmp_path / "run", tmp_path / "in.txt", tmp_path / "out.tsv")
    rows = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert [row[0] for row in rows] == ["de: seventy-one", "", "fr: ein Hut"]
    assert all(np.isfinite(float(row[2])) for row in rows)
    task = restore_best(tmp_path / "run")[0].task
    assert task.source_vocabulary and task.split_source("de: seventy-one")[0] in (
        task.source_vocabulary
    )


def test_too_many_numbers_for_their_digits_are_told():
    with pytest.raises(UserError, match="task.numbers is 95, and few more numbers have up to 2"):
        NumbersInWords(numbers=95, digits=2).resolve()
