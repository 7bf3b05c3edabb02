import collections
import contextlib
import dataclasses
import io

import numpy as np
import pytest

from lstmjax import figures
from lstmjax.errors import UserError
from lstmjax.inference.evaluation import Evaluation
from lstmjax.tasks.generated.programs import Programs
from lstmjax.training.steps import init_state, stretch_of
from tests import tiny

SMALL = Programs(train_examples=600, valid_examples=100, test_examples=300, shapes=1)


def execute(text, **names):
    """What Python prints when it runs a program."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(text, names)  # noqa: S102
    return printed.getvalue().removesuffix("\n")


@pytest.mark.parametrize("length, nesting", [(1, 1), (3, 2), (6, 4)])
def test_outputs_are_those_of_python(length, nesting):
    task = dataclasses.replace(SMALL, length=length, nesting=nesting)
    programs = [program for split in task.programs().values() for program in split]
    assert {program.level for program in programs} == set(task.levels)
    for program in programs:
        assert execute(program.text) == str(program.value)
        last = program.text.splitlines()[-1]
        try:
            assert execute(last) == str(program.value)
            said = True
        except NameError:
            said = False
        assert program.alone == said
    pairs = zip(task.parts()["test"], task.programs()["test"], strict=True)
    assert all(execute("".join(p.source)) == "".join(p.target) == str(q.value) for p, q in pairs)


def test_levels_say_what_a_program_holds():
    for program in SMALL.programs()["test"]:
        digits, nesting = program.level
        numbers = "".join(c if c.isdigit() else " " for c in program.text).split()
        assert all(int(number) < 10**digits or int(number) <= 4 * digits for number in numbers)
        operations = sum(map(program.text.count, ("+", "-", "*", " if ")))
        names = {line[0] for line in program.text.splitlines() if line[1] == "="}
        loops = program.text.count("for ")
        # a loop has a name and a sign; what else has a name is an assignment
        assert operations + len(names) - loops == nesting


def test_no_tested_program_is_trained_on():
    texts = {split: [p.text for p in of] for split, of in SMALL.programs().items()}
    assert not set(texts["train"]) & {*texts["valid"], *texts["test"]}
    assert not set(texts["valid"]) & set(texts["test"])
    assert len(texts["test"]) == len(set(texts["test"])) > 200


def test_a_curriculum_is_what_the_paper_says():
    levels = SMALL.levels
    assert levels == [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (3, 2)]
    tested = {}
    for curriculum in ("baseline", "naive", "mix", "combined"):
        task = dataclasses.replace(SMALL, curriculum=curriculum)
        trained = [program.level for program in task.programs()["train"]]
        tested[curriculum] = task.programs()["test"]
        stages = np.array_split(np.arange(600), 6)
        shares = [
            np.mean([trained[i] == level for i in s])
            for level, s in zip(levels, stages, strict=True)
        ]
        if curriculum == "baseline":
            assert set(trained) == {(3, 2)}
        elif curriculum == "naive":
            assert shares == [1.0] * 6
        else:  # of mix a sixth of every stage, of combined a half and a twelfth
            expected = 1 / 6 if curriculum == "mix" else 7 / 12
            assert np.mean(shares) == pytest.approx(expected, abs=0.05)
            assert len(set(trained[:100])) == 6
    assert all(of == tested["mix"] for of in tested.values())


@pytest.mark.parametrize("curriculum", ["naive", "combined"])
def test_a_run_reads_the_stages_one_after_the_other(curriculum):
    task = dataclasses.replace(SMALL, curriculum=curriculum)
    experiment = dataclasses.replace(
        tiny.programs(), task=task, steps=31, batch_size=7, log_every=31, seeds=2
    ).resolve()
    data = experiment.task.load()
    indices, _ = stretch_of(experiment, data, 0, 31)
    for step, of_seeds in enumerate(indices):
        stage = step * 6 // 31
        assert np.all(of_seeds // 100 == stage)
    later = stretch_of(experiment, data, 4, 20).indices[:20]
    np.testing.assert_array_equal(later, indices[4:24])  # whatever was read before


def test_floors_by_hand():
    task = SMALL.resolve()
    floors = task.floors(task.load())
    train, test = task.programs()["train"], task.programs()["test"]
    values = [program.value for program in train]
    (common, _), *_ = collections.Counter(values).most_common(1)
    expected = np.mean([p.value == common or p.alone for p in test])
    assert floors["last line only"]["sequence_accuracy"] == pytest.approx(expected, abs=0.01)
    assert 0.3 < expected < 0.8
    assert floors["most common target"]["sequence_accuracy"] < 0.1
    assert 0 < floors["nearest spelling"]["sequence_accuracy"] < 0.3


def test_the_picture_counts_what_the_scores_count(tmp_path):
    experiment = tiny.programs().resolve()
    data = experiment.task.load()
    params = init_state(experiment, data).params
    scores = Evaluation(experiment, data, "test", params)(params)
    judged = figures.judge(experiment, data, params)
    assert judged.whole.mean() == pytest.approx(float(scores["sequence_accuracy"]))
    forced = judged.right.sum() / judged.count.sum()
    assert forced == pytest.approx(float(scores["token_accuracy"]))
    caption = figures.levels(experiment, data, params, tmp_path / "levels.png")
    assert f"characters {forced:.3f}" in caption
    assert (tmp_path / "levels.png").stat().st_size > 10_000


def test_a_program_in_a_file_is_one_line():
    assert "".join(SMALL.split_source("a=1\\nprint(a)")) == "a=1\nprint(a)"
    assert SMALL.join_source("a=1\nprint(a)") == "a=1\\nprint(a)"


def test_fewer_programs_than_stages_are_told():
    with pytest.raises(UserError, match="task.train_examples is 5, and .* 6 stages"):
        Programs(train_examples=5, curriculum="naive").resolve()
