import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.inference import evaluation
from lstmjax.inference.decoding import respond
from lstmjax.inference.prediction import predict
from lstmjax.inference.trained import load
from lstmjax.models.vanilla import Vanilla
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.base import Batch, Written
from lstmjax.tasks.pairs.floors import nearest_spelling
from lstmjax.tasks.pairs.pairs import Pairs
from lstmjax.tasks.ragged import pack
from lstmjax.tasks.writing import START
from lstmjax.training.run import run
from lstmjax.training.steps import init_state, make_init
from tests import small_files, tiny


def examples(task, split, shape=-1):
    data = task.load()
    indices = jnp.arange(data.sizes[split])
    return data, task.batch(data.arrays, split, indices, data.shapes[shape])


def texts(task, batch):
    sources, _ = batch.inputs
    for source, length, targets in zip(sources, batch.lengths, batch.targets, strict=True):
        word = "".join(task.source_vocabulary[code] for code in source[:length])
        yield word, [task.spell(np.asarray(row)) for row in targets]


def test_sources_are_read_from_the_column_that_training_read(tmp_path):
    file = tmp_path / "pairs.tsv"
    words = ["ab", "cd", "ba", "dc"] * 10
    words = [f"{word}{'abcd'[i % 4]}{i % 7}" for i, word in enumerate(words)]
    file.write_text("".join(f"{i}\tTARGET\t{word}\n" for i, word in enumerate(words)))
    task = Pairs(path=str(file), columns=(3, 2), valid_fraction=0.1, test_fraction=0.1).resolve()
    sources = tmp_path / "sources.txt"
    sources.write_text("\n".join(words))
    assert task.read(file)[0] == task.read(sources)[0] == words
    sources.write_text("ab\tTARGET\n")
    with pytest.raises(UserError, match="--input has no column 3"):
        task.read(sources)


@pytest.mark.parametrize("form", ["tsv", "cmudict"])
def test_examples_are_the_files_lines_and_the_held_out_sources(form, tmp_path):
    target = "token" if form == "cmudict" else "character"
    task = Pairs(
        path=small_files.pairs_file(tmp_path, form),
        format=form,
        target=target,
        valid_fraction=0.1,
        test_fraction=0.1,
    ).resolve()
    assert task.source_vocabulary == tuple("abcde") and task.target_vocabulary == tuple("ABCDEX")
    found = {split: list(texts(task, examples(task, split)[1])) for split in ("train", "test")}
    assert len(found["test"]) == 15
    assert not {word for word, _ in found["train"]} & {word for word, _ in found["test"]}
    assert all(len(targets) == 1 for _, targets in found["train"])
    assert any(targets[0] != targets[1] for _, targets in found["test"])
    for word, targets in found["train"] + found["test"]:
        capitals = word[::-1].upper()
        assert {text.replace(" ", "") for text in targets} <= {capitals, capitals + "X"}


def test_what_the_decoder_reads_and_what_counts(tmp_path):
    task = tiny.pairs(tmp_path).task.resolve()
    _, batch = examples(task, "test")
    _, shifted = batch.inputs
    first = batch.targets[:, 0]
    np.testing.assert_array_equal(shifted[:, 0], START)
    np.testing.assert_array_equal(shifted[:, 1:], first[:, :-1])
    counted = metrics.sequence_length(first, task.stop) + 1  # the stop counts, once
    np.testing.assert_array_equal(batch.mask.sum(1), counted)
    assert np.all(first[jnp.arange(15), counted - 1] == task.stop)


def test_errors_are_counted_against_the_nearest_target(tmp_path):
    file, train = tmp_path / "test.tsv", small_files.pairs_file(tmp_path)
    file.write_text("ab\tAAAA\nab\tBB\ncd\tCD\n")
    task = Pairs(path=train, test_path=str(file), valid_fraction=0.1).resolve()
    _, batch = examples(task, "test")
    codes = {symbol: code for code, symbol in enumerate(task.target_vocabulary)}
    time = batch.targets.shape[-1]
    written = np.full((2, 1, time), task.stop)
    written[0, 0, :2] = [codes["B"], codes["C"]]  # one error of two symbols
    written[1, 0, :2] = [codes["C"], codes["D"]]
    logits = jnp.zeros((2, time, task.outputs))
    outputs = Written(jnp.asarray(written), jnp.zeros((2, 1)), logits)
    scores = metrics.divide(task.metrics(outputs, batch))
    np.testing.assert_allclose(scores["token_error_rate"], 1 / 4)
    np.testing.assert_allclose(scores["sequence_error_rate"], 1 / 2)
    np.testing.assert_allclose(scores["nats"], np.log(task.outputs), rtol=1e-6)
    assert task.show(outputs, batch) == ["ab = BC wrong, AAAA or BB", "cd = CD ok"]


def test_answers_are_no_more_than_there_are():
    task = Pairs(target_vocabulary=("A", "B"), beam=3, n_best=3)
    written = Written(np.array([[[0, 2], [1, 0], [1, 1]]]), np.array([[-0.5, -1, -np.inf]]), None)
    batch = Batch((None, None), lengths=np.array([2]))
    assert task.answer(written, batch) == [[("A", -0.5), ("BA", -1.0)]]


def test_floors_by_hand(tmp_path):
    train, file = tmp_path / "train.tsv", tmp_path / "test.tsv"
    train.write_text("cat\tK\nbat\tB\nhat\tB\nmouse\tMS\n")
    file.write_text("bats\tBS\nmoose\tMS\nmoose\tB\n")
    task = Pairs(path=str(train), valid_path=str(file), test_path=str(file)).resolve()
    floors = task.floors(task.load())
    assert floors == {
        # B for BS: one error of two; B for moose: right
        "most common target": {"token_error_rate": 1 / 3, "sequence_error_rate": 1 / 2},
        # bat gives B for BS, mouse MS for MS
        "nearest spelling": {"token_error_rate": 1 / 4, "sequence_error_rate": 1 / 2},
    }


def test_a_target_that_training_cannot_teach_counts_as_wrong_and_is_told(tmp_path):
    train, file = tmp_path / "train.tsv", tmp_path / "test.tsv"
    train.write_text("cat\tK\nbat\tB\nhat\tB\n")
    file.write_text("bats\tBX\nmoose\tM\nmoose\tB\nrat\tB\n")  # no X and no M in training
    task = Pairs(path=str(train), valid_path=str(file), test_path=str(file)).resolve()
    data = task.load()
    assert task.target_vocabulary == ("B", "K", "M", "X")
    assert "1 have only targets with symbols that training lacks" in task.describe(data)
    # B everywhere: wrong for bats, right for moose and rat
    assert task.floors(data)["most common target"]["sequence_error_rate"] == pytest.approx(1 / 3)


def test_the_nearest_spelling_shares_its_beginning_or_its_end():
    words = ["banana", "bandana", "cabana", "zzz", "abana", "panama"]
    spelled = pack([[ord(letter) - 96 for letter in word] for word in words], 27)
    nearest = nearest_spelling(spelled, np.array([1, 2, 3, 5]), np.array([0, 4]))
    assert [words[[1, 2, 3, 5][place]] for place in nearest] == ["bandana", "cabana"]


def test_symbols_that_training_lacks_are_read_as_unknown(tmp_path):
    test = tmp_path / "test.tsv"
    test.write_text("aé\tA\n")
    path = small_files.pairs_file(tmp_path)
    task = Pairs(path=path, test_path=str(test), unknown_below=30, valid_fraction=0.1).resolve()
    _, batch = examples(task, "test")
    assert batch.inputs[0][0, 1] == len(task.source_vocabulary)
    rare = Pairs(path=path, unknown_below=10_000, valid_fraction=0.1, test_fraction=0.1).resolve()
    assert rare.source_vocabulary == () and rare.sizes["source_symbols"] == 1


def test_a_changed_file_and_a_model_that_cannot_write_are_told(tmp_path):
    experiment = tiny.pairs(tmp_path)
    task = experiment.task.resolve()
    with open(task.path, "a") as file:
        file.write("new\tA\n")
    with pytest.raises(UserError, match="not the pairs this experiment was trained on"):
        task.load()
    with pytest.raises(UserError, match="Vanilla has no source_symbols, which task Pairs"):
        tiny.pairs(tmp_path, model=Vanilla()).resolve()
    with pytest.raises(UserError, match="task.path is empty: give a file"):
        Pairs().resolve()


def test_what_is_written_may_be_longer_than_what_is_right(tmp_path):
    test = tmp_path / "test.tsv"
    test.write_text("ab\tBAXXXX\n")  # longer than any target of training
    experiment = tiny.pairs(tmp_path).override([f"task.test_path={test}"]).resolve()
    data, narrow = examples(experiment.task, "valid", shape=0)
    assert narrow.targets.shape[-1] < max(time for _, time in data.shapes) == 7
    params = jax.eval_shape(make_init(experiment, data), np.int32(0)).params
    written = jax.eval_shape(lambda p: respond(experiment, p, narrow)[1], params)
    assert written.symbols.shape[-1] == 7
    assert written.logits.shape[1] == narrow.targets.shape[-1]


@pytest.mark.parametrize(
    "split, beam, followed", [("valid", 8, 8), ("valid", None, 1), ("test", 8, 8)]
)
def test_a_beam_that_is_asked_for_holds_on_every_split(
    split, beam, followed, tmp_path, monkeypatch
):
    experiment = tiny.pairs(tmp_path).resolve()
    data = experiment.task.load()
    params = jax.eval_shape(make_init(experiment, data), np.int32(0)).params
    monkeypatch.setattr(evaluation, "restore_best", lambda workdir: (experiment, params, 1))

    def respond(experiment, params, batch, carry, beam):
        assert beam == followed
        raise InterruptedError  # before anything is compiled

    monkeypatch.setattr(evaluation, "respond", respond)
    with pytest.raises(InterruptedError):
        evaluation.evaluate_workdir(tmp_path, split, beam)
    with pytest.raises(UserError, match="task.beam must be at most 256"):
        evaluation.evaluate_workdir(tmp_path, split, 257)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that has learned to spell backward."""
    directory = tmp_path_factory.mktemp("pairs")
    experiment = tiny.pairs(directory).override(
        ["steps=400", "log_every=200", "evaluate_every=400", "model.features=24,", "batch_size=16"]
        + ["task.shapes=1"]
    )
    return directory / "run", run(experiment, directory / "run")


def test_it_learns_and_is_scored_on_what_it_writes(trained):
    directory, report = trained
    assert report["test"]["sequence_error_rate"]["mean"] < 0.3
    assert report["floors"]["nearest spelling"]["sequence_error_rate"] > 0.9
    experiment, params, _ = restore_best(directory)
    data = experiment.task.load()
    lines = evaluation.answers(experiment, data, params, count=15)
    wrong = sum(" ok" not in line for line in lines)
    assert wrong / 15 == pytest.approx(report["test"]["sequence_error_rate"]["mean"])
    greedy = evaluation.evaluate_workdir(directory, "test")["test"]
    assert greedy == report["test"]
    beam = evaluation.evaluate_workdir(directory, "test", 4)["test"]
    assert beam["nats"]["mean"] == pytest.approx(greedy["nats"]["mean"])


def test_predictions_in_order_with_scores(trained, tmp_path):
    directory, _ = trained
    words = ["abc", "de", "bad\tignored", "eaé", "abc"] * 20
    source, answers = tmp_path / "words", tmp_path / "answers"
    source.write_text("\n".join(words))
    assert predict(directory, source, answers).answers == 100
    lines = [line.split("\t") for line in answers.read_text().splitlines()]
    assert [line[0] for line in lines] == [word.partition("\t")[0] for word in words]
    best_of_each = load(directory).predict([f" {line[0]}\t" for line in lines])  # as in a file
    assert [[target, f"{score:.4f}"] for ((target, score),) in best_of_each] == [
        line[1:] for line in lines
    ]
    with pytest.raises(UserError, match="X: give a list of strings"):
        load(directory).predict([1, 2])
    assert lines[:5] == lines[5:10]
    assert sum(line[1].startswith(line[0][::-1].upper()) for line in lines[:5]) >= 3
    best = tmp_path / "best"
    assert predict(directory, source, best, beam=4, n_best=3).answers == 100
    several = [line.split("\t") for line in best.read_text().splitlines()]
    assert [line[0] for line in several[::3]] == [line[0] for line in lines]
    scores = np.array([float(line[2]) for line in several]).reshape(100, 3)
    assert np.all(np.diff(scores) <= 0) and np.all(scores <= 0)
    assert np.all(scores[:, 0] >= [float(line[2]) - 1e-3 for line in lines])


def test_an_empty_line_gets_an_empty_answer(trained, tmp_path):
    directory, _ = trained
    source, answers = tmp_path / "words", tmp_path / "answers"
    source.write_text("ab\n\ncd\n")
    predict(directory, source, answers)
    first, empty, last = answers.read_text().splitlines()
    assert first.startswith("ab\t") and empty == "\t\t0.0000" and last.startswith("cd\t")


def test_faults_of_predictions_are_told(trained, tmp_path):
    directory, _ = trained
    source, answers = tmp_path / "words", tmp_path / "answers"
    source.write_text("ab\n")
    with pytest.raises(UserError, match="--n_best is 3, above --beam, 1"):
        predict(directory, source, answers, n_best=3)
    assert not answers.exists()


def test_seeds_side_by_side_write_what_each_writes_alone(tmp_path):
    both = tiny.pairs(tmp_path, seeds=2).override(["task.shapes=1"]).resolve()
    data = both.task.load()
    params = init_state(both, data).params
    together = evaluation.Evaluation(both, data, "test", params)(params)
    for seed in range(2):
        alone = dataclasses.replace(both, seeds=1)
        one = jax.tree.map(lambda leaf, seed=seed: leaf[seed], params)
        scores = evaluation.Evaluation(alone, data, "test", one)(one)
        for name, value in scores.items():
            np.testing.assert_allclose(together[name][seed], value, rtol=1e-5)
