"""What a page shows of each task, and what its script needs to know for that."""

import dataclasses
import functools
from typing import Any

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.tasks.base import Task
from lstmjax.tasks.text import Text, Words

PROMPT = 40  # characters of a prompt that is there from the start


@dataclasses.dataclass(frozen=True)
class Demo:
    """A demonstration: the script page/SCRIPT.js with its settings."""

    script: str
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
        lines = (line.rstrip() for line in held_out.split("\n")[1:-1])
        prompt = next((line[:PROMPT] for line in lines if len(line) > PROMPT // 2), prompt)
    except UserError:  # the text is no longer there: nothing else of it is needed
        pass
    return Demo(
        "text",
        f"A text, {task.symbol} by {task.symbol}",
        "Write a beginning and let the model go on. Each character is coloured by what one memory "
        "cell holds after it was read: choose the cell.",
        {"level": getattr(task, "level", "word"), "prompt": prompt, **settings},
    )
