"""What a page shows of each task, and what its script needs to know for that."""

import dataclasses
import functools
from typing import Any

import jax.numpy as jnp
import numpy as np

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.tasks.base import Task
from lstmjax.tasks.generated.addition import ALPHABET, Addition
from lstmjax.tasks.generated.cumulative_sum import CumulativeSum
from lstmjax.tasks.generated.damped_sine import DampedSine
from lstmjax.tasks.generated.echo import Echo
from lstmjax.tasks.generated.moving_square import MovingSquare
from lstmjax.tasks.pairs import Pairs
from lstmjax.tasks.series import Series
from lstmjax.tasks.tagging import Tagging
from lstmjax.tasks.tagging.conll import find_columns, read_document
from lstmjax.tasks.text import Text, Words

PROMPT = 40  # characters of a prompt that is there from the start
EXAMPLES = 5  # that a page offers
SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz"  # of echo, as one types them


@dataclasses.dataclass(frozen=True)
class Demo:
    """A demonstration: the scripts page/NAME.js, the last of which shows it, with its settings."""

    scripts: tuple[str, ...]
    title: str
    about: str  # what to do, and what to look at
    settings: dict[str, Any]


def demo_of(experiment: Experiment, **changes: Any) -> Demo:
    """The demonstration of a task.

    Args:
      experiment: of a run.
      changes: to its settings.

    Raises:
      UserError: there is none.
    """
    demo = _demo(experiment.task)
    return dataclasses.replace(demo, settings=demo.settings | changes)


@functools.singledispatch
def _demo(task: Task) -> Demo:
    raise UserError(
        f"no page shows a task of class {type(task).__name__}, but texts, pairs, tagging, series "
        "and the lessons: choose another ending, as .onnx"
    )


@_demo.register
def _text(task: Text) -> Demo:
    points = task.vocabulary
    return _writing(task, vocabulary=list(map(ord, points)) if task.level == "byte" else points)


@_demo.register
def _words(task: Words) -> Demo:
    return _writing(task, vocabulary=task.vocabulary, tokens=task.tokens, lowercase=task.lowercase)


def _writing(task: Text | Words, **settings: Any) -> Demo:
    prompt = task.decode([min(1, task.outputs - 1)])
    try:
        held_out = task.decode(task.load().arrays["test"][: 50 * PROMPT])
        lines = (line.strip() for line in held_out.split("\n")[1:-1])
        prompt = next((line[:PROMPT] for line in lines if len(line) > PROMPT // 2), prompt)
    except UserError:  # the text is no longer there: nothing else of it is needed
        pass
    return Demo(
        ("text",),
        f"A text, {task.symbol} by {task.symbol}",
        "Write a beginning and let the model go on. Each character is coloured by what one memory "
        "cell holds after it was read: choose the cell.",
        {"level": getattr(task, "level", "word"), "prompt": prompt, **settings},
    )


@_demo.register
def _pairs(task: Pairs) -> Demo:
    examples = []
    try:
        arrays = task.load().arrays
        rows = np.asarray(arrays.source["test"])[:: max(len(arrays.source["test"]) // EXAMPLES, 1)]
        names = [*task.source_vocabulary, "?"]
        for row in rows[:EXAMPLES]:
            length = int(arrays.sources.lengths[row])
            codes = np.asarray(arrays.sources.padded(np.array([row]), length, 0))[0]
            examples.append(task.join_source(names[code] for code in codes))
    except UserError:  # the pairs are no longer there: nothing else of them is needed
        pass
    return Demo(
        ("pairs",),
        "A source and its answer",
        "Type a source and read what the model writes, and where it looked meanwhile.",
        {
            "source": task.source,
            "target": task.target,
            "sourceVocabulary": task.source_vocabulary,
            "targetVocabulary": task.target_vocabulary,
            "unknown": len(task.source_vocabulary),
            "stop": task.stop,
            "longest": task.longest,
            "beam": task.beam,
            "examples": examples,
        },
    )


@_demo.register
def _addition(task: Addition) -> Demo:
    terms = np.random.default_rng(0).integers(
        task.smallest, task.largest + 1, (EXAMPLES, task.terms)
    )
    delimited = task.layout == "delimited"
    return Demo(
        ("pairs",),
        f"Sums of {task.terms} numbers",
        f"Type a sum of {task.terms} numbers from {task.smallest} to {task.largest}. The model "
        "reads it character by character, and writes the answer in the same way.",
        {
            "source": "character",
            "target": "character",
            "sourceVocabulary": list(ALPHABET),
            "targetVocabulary": list(ALPHABET),
            "unknown": None,
            "stop": task.stop,
            "longest": task.answer_digits + delimited,
            "beam": 1,
            "reverseSource": task.reverse_source,
            "reverseAnswer": task.reverse_answer,
            "padTo": 0 if delimited else task.terms * (task.digits + 1) - 1,
            "sum": {"terms": task.terms, "smallest": task.smallest, "largest": task.largest},
            "examples": ["+".join(map(str, row)) for row in terms.tolist()],
        },
    )


@_demo.register
def _tagging(task: Tagging) -> Demo:
    examples = []
    try:
        columns = find_columns(task.columns, task.word, task.tag)
        sentences = read_document(task.test, "task.test", columns).sentences
        different = dict.fromkeys(" ".join(sentence.words) for sentence in sentences)
        examples = list(different)[:EXAMPLES]
    except UserError:  # the sentences are no longer there: nothing else of them is needed
        pass
    return Demo(
        ("tagging",),
        "Tags of words",
        "Type a sentence and see the tag of every word.",
        {
            "vocabulary": task.vocabulary,
            "alphabet": task.alphabet,
            "tags": task.tags,
            "lowercase": task.lowercase,
            "longest": task.longest_word,
            "examples": examples,
        },
    )


@_demo.register
def _series(task: Series) -> Demo:
    head, recursive = task.read_as, task.forecast == "recursive"
    if recursive and head.is_probabilistic:
        raise UserError(
            "a page cannot go on from draws: train with task.forecast=direct or task.head=point"
        )
    if task.head == "student" and task.degrees is None:
        raise UserError("a page knows Student's t of fixed degrees only: train with task.degrees=5")
    standard = None
    if task.head in ("gaussian", "student"):
        standard = np.asarray(head.quantiles(jnp.array([0.0, 1.0]), task.levels)).tolist()
    rows, truth = [], None
    try:
        rows, truth = _last_rows(task)
    except UserError:  # the file is no longer there: nothing else of it is needed
        pass
    return Demo(
        ("plot", "forecast", "series"),
        f"A forecast of {', '.join(task.targets)}",
        f"The model reads {task.history} rows and says the next {task.horizon}. Draw on the line, "
        "or write other rows below it, and see the forecast change.",
        {
            "columns": [*task.numeric, *task.categories],
            "targets": task.targets,
            "categories": task.categories,
            "words": task.words,
            "means": task.means,
            "deviations": task.deviations,
            "log": task.log,
            "gaps": [i for i, name in enumerate(task.targets) if name in task.gaps],
            "gapsBeside": [i for i, name in enumerate(task.covariates) if name in task.gaps],
            "history": task.history,
            "horizon": task.horizon,
            "difference": task.difference,
            "normalize": task.normalize,
            "patch": task.patch,
            "independent": task.independent,
            "decoder": task.decoder,
            "recursive": recursive,
            "head": task.head,
            "levels": task.levels,
            "standard": standard,
            "rows": rows,
            "truth": truth,
        },
    )


def _last_rows(task: Series) -> tuple[list[list[Any]], list[list[float | None]]]:
    """What is read before the last origin of the test part, as in the file, and what came."""
    arrays = task.load().arrays
    end = task.bounds[-1]
    begin = end - task.horizon - task.history
    values, seen = (np.asarray(arrays[name])[begin:end] for name in ("values", "seen"))
    count, numeric = len(task.targets), len(task.numeric)
    numbers = values[:, :numeric].astype(float) * task.deviations + task.means
    numbers[:, :count] = task.original(values[:, :count].astype(float))
    rows = []
    for row, there, all_columns in zip(numbers, seen, values, strict=True):
        cells = [float(f"{x:.7g}") if s else None for x, s in zip(row, there, strict=False)]
        words = [word for word, x in zip(task.words, all_columns[numeric:], strict=True) if x == 1]
        for name in task.categories:
            of = (word.removeprefix(f"{name}=") for word in words if word.startswith(f"{name}="))
            cells.append(next(of, None))
        rows.append(cells)
    return rows[: task.history], [row[:count] for row in rows[task.history :]]


@_demo.register
def _echo(task: Echo) -> Demo:
    if task.symbols > len(SYMBOLS):
        raise UserError(f"a page can show up to {len(SYMBOLS)} symbols: task.symbols is more")
    return Demo(
        ("echo",),
        f"Echo digit {task.position + 1}",
        f"Type digits. The model was trained to answer digit {task.position + 1} of {task.length}. "
        "A column is a digit read, a row one of its units; the framed column is the digit to hold.",
        {
            "symbols": list(SYMBOLS[: task.symbols]),
            "length": task.length,
            "position": task.position,
            "example": "".join(SYMBOLS[(3 * i + 1) % task.symbols] for i in range(task.length)),
        },
    )


@_demo.register
def _damped_sine(task: DampedSine) -> Demo:
    return Demo(
        ("plot", "wave"),
        "A wave continued",
        f"The black line is what the model reads: {task.length} values. Choose a wave, or draw one "
        "yourself, and see how the model goes on.",
        {
            "length": task.length,
            "horizon": task.horizon,
            "periods": [task.shortest_period, task.longest_period],
            "decays": [task.least_decay, task.most_decay],
        },
    )


@_demo.register
def _moving_square(task: MovingSquare) -> Demo:
    return Demo(
        ("plot", "square"),
        "Which way does it move?",
        "Play a video and see what the model believes after every frame.",
        {"frames": task.frames, "size": task.size, "trail": task.trail},
    )


@_demo.register
def _cumulative_sum(task: CumulativeSum) -> Demo:
    asked = "the sum of all later values" if task.target == "balance" else f"{task.length / 4:g}"
    return Demo(
        ("plot", "sums"),
        "Has the sum passed?",
        f"At every step: is the sum so far at least {asked}? Change the values, and see what the "
        "model believes.",
        {"length": task.length, "target": task.target},
    )
