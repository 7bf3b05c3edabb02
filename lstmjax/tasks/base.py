"""The contract of a task, and what tasks that generate their examples share."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import devices
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.data import Buckets as Buckets
from lstmjax.tasks.data import Data as Data
from lstmjax.tasks.data import Shape as Shape
from lstmjax.tasks.together import Outputs, together

SPLITS = ("train", "valid", "test")


class Batch(NamedTuple):
    """Some examples, side by side along the first axis of every array."""

    inputs: Any  # what the model reads
    targets: Any = None
    lengths: Array | None = None  # (batch,): valid steps; None: all
    resets: Array | None = None  # (batch, time): true where a new sequence starts in mid-row
    # leading axes of the loss: what counts, or how much each weighs in the loss; None: everything
    mask: Array | None = None


class Written(NamedTuple):
    """What a model wrote by itself, likeliest first, and how it scores the true symbols."""

    symbols: Array  # (batch, beam, longest), each sequence filled up with the stop symbol
    scores: Array  # (batch, beam): log probabilities of the whole sequences, in nats
    logits: Array | None  # (batch, time, outputs), each after the true symbols before it


class Panel(NamedTuple):
    """One forecast of one series, for a picture; NaN where nothing was observed."""

    title: str
    example: int  # which of the answers it shows
    past: np.ndarray  # (rows read,)
    forecast: np.ndarray  # (horizon,)
    truth: np.ndarray | None = None  # (horizon,), where it is known
    low: np.ndarray | None = None  # (horizon,): the band's ends, if there is one
    high: np.ndarray | None = None
    band: str = ""  # which band it is
    times: tuple[np.ndarray, np.ndarray] | None = None  # of the rows read, and forecast; datetime64


@dataclasses.dataclass(frozen=True)
class Task:
    """A source of examples, and how they are scored. Subclasses are frozen dataclasses.

    Example i of a split is a pure function of (arrays, split, i): there is no iterator, and the
    position in the data is a number. Everything the files alone can tell (a vocabulary, a scaling)
    is a field too, filled in by `resolve`, so that a checkpoint needs nothing beside it.
    """

    # Settings that no compiled program depends on: they choose among the arrays, or are in them.
    untraced: ClassVar[frozenset[str]] = frozenset()
    # Settings that say what each number that goes in or comes out stands for: where they differ, a
    # model of the other run has learned something else.
    meanings: ClassVar[tuple[str, ...]] = ()
    # Whether consecutive examples of a row continue each other, so that the carry runs on.
    stream: ClassVar[bool] = False
    # Whether inputs are an encoder-decoder's: a source, and the target shifted by one step.
    paired: ClassVar[bool] = False
    # What the outputs are: several models together say the mean of values or of probabilities.
    outputs_are: ClassVar[Outputs] = "other"
    # Of how many test examples a run draws the `panels`.
    pictured: ClassVar[int] = 0
    # The functions of `lstmjax.figures` that show a trained model of this task: a run draws them.
    drawn: ClassVar[tuple[str, ...]] = ()
    # Whether what counts is the sequence that a model writes by itself: then `metrics`, `show` and
    # `answer` read what was `Written`, and there are `beam`, the width of the search, `stop`, and
    # `longest`, the symbols that are written at most.
    writes: ClassVar[bool] = False

    @property
    def outputs(self) -> int:
        """The width of the model's output layer."""
        raise NotImplementedError

    @property
    def sizes(self) -> dict[str, int]:
        """The settings of the model that the task determines."""
        return {"outputs": self.outputs}

    def resolve(self) -> "Task":
        """This task with the settings that its files determine filled in.

        Raises:
          UserError: a file is missing or malformed, or settings contradict each other.
        """
        return self

    def load(self) -> Data:
        """Reads the files of a resolved task, or of one restored from a checkpoint.

        Raises:
          UserError: a file is missing or malformed, or is not the one trained on.
        """
        raise NotImplementedError

    def describe(self, data: Data) -> str:
        """What is trained on, in a few words: printed as a run starts."""
        return type(self).__name__

    def batch(self, arrays: Any, split: str, indices: Array, shape: Shape | None = None) -> Batch:
        """The examples at `indices` (batch,) of a split, padded to one of its shapes; traceable.

        Where the data has no buckets, `shape` is None.
        """
        raise NotImplementedError

    def gather(self, arrays: Any, split: str, indices: np.ndarray) -> Any:
        """The examples at `indices` (examples,) alone, on the host, in the place of `arrays`.

        Where the data is `on_host`: `batch` gives of example i here what it gives of `indices[i]`
        there.
        """
        raise NotImplementedError

    def rollout(self, model: Callable[[Batch], tuple[Any, Any]], batch: Batch) -> tuple[Any, Any]:
        """What a trained model makes of a batch, (outputs, carry).

        A task whose answers are read again, as in recursive forecasts, calls the model repeatedly.
        """
        return model(batch)

    def together(self, outputs: Any, batch: Batch) -> Any:
        """What several models say as one, from their outputs (models, batch, ...)."""
        return together(outputs, self.outputs_are)

    def loss(self, outputs: Any, batch: Batch) -> Array:
        """What training minimizes, per element: (batch,) or (batch, time), in nats or units."""
        raise NotImplementedError

    def metrics(self, outputs: Any, batch: Batch) -> Sums:
        """Sums and counts over the elements that `batch.mask` counts; traceable."""
        raise NotImplementedError

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """What predictors that learned nothing, or the classical method, score on the test split.

        Returns:
          {predictor: {metric: value}}, under the names of `metrics`.
        """
        raise NotImplementedError

    def show(self, outputs: Any, batch: Batch) -> list[str]:
        """Lines a person understands for each example: input, answer, and whether it is right.

        No lines, unless the task can be told in text.
        """
        return []

    def read(self, path: pathlib.Path) -> tuple[Any, list[Batch]]:
        """Reads a user's file to predict from: what `write` needs of it, and its examples.

        The rows of the batches, one after the other, hold the examples in the order of the file;
        the batches have a handful of shapes, and no targets.

        Raises:
          UserError: the file is missing or malformed, with its line or row.
        """
        raise UserError(f"task {type(self).__name__} has no files to predict from")

    def read_arrays(self, inputs: Any, lengths: Any = None) -> list[Batch]:
        """As `read`, of what is in memory; a task says what it takes.

        Sequences are arrays (size, time, width) or a list of (time, width), pictures arrays (size,
        height, width, 3), sources of pairs a list of strings, sentences a list of lists of words.

        Raises:
          UserError: the task reads from files alone, or the inputs do not fit, with the row.
        """
        raise UserError(f"task {type(self).__name__} predicts from a file: give its path")

    def answer(self, outputs: Any, batch: Batch) -> list[Any]:
        """What the model's outputs say of each example in a batch's rows: one answer an example."""
        raise NotImplementedError

    def write(self, path: pathlib.Path, source: Any, answers: list[Any]) -> None:
        """Writes the answers to the examples of `source`, in their order."""
        raise NotImplementedError

    def panels(self, answers: list[Any], source: Any = None) -> list[Panel]:
        """What a picture of answers shows; nothing, unless the task forecasts series.

        Args:
          answers: to examples of a split, or to those of `source`.
          source: what `read` has kept of a user's file.
        """
        return []


@dataclasses.dataclass(frozen=True)
class Generated(Task):
    """A task whose example i is drawn from the key `fold_in(split's key, i)`.

    A subclass gives `example(key, member)`. Where the space of inputs is small, it splits by
    content with `draw_member`, so that nothing is tested on what it was trained on.
    """

    valid_examples: int = setting(1_000, at_least=1)
    test_examples: int = setting(10_000, at_least=1)
    data_seed: int = setting(0, at_least=0)

    def example(self, key: Array, split: str) -> Batch:
        """One example, without a batch axis."""
        raise NotImplementedError

    def load(self) -> Data:
        """No arrays: everything is drawn."""
        return Data((), {"train": None, "valid": self.valid_examples, "test": self.test_examples})

    def batch(self, arrays: Any, split: str, indices: Array, shape: Shape | None = None) -> Batch:
        """Draws the examples at `indices`."""
        key = jax.random.fold_in(jax.random.key(self.data_seed), SPLITS.index(split))
        keys = jax.vmap(lambda index: jax.random.fold_in(key, index))(indices)
        return jax.vmap(lambda key: self.example(key, split))(keys)

    def test_batch(self, data: Data) -> Batch:
        """The whole test split at once, for `floors`."""
        indices = jnp.arange(self.test_examples)
        return self.batch_once(data.arrays, "test", indices)

    @property
    def batch_once(self) -> Callable[[Any, str, Array], Batch]:
        """`batch` in a program that is compiled to run once or twice, as for `floors`."""
        return devices.jit(self.batch, short=True, static_argnums=1)


def content_split(content: Array) -> Array:
    """Assigns contents to splits by a hash: 0 (train, 80 %), 1 (valid) or 2 (test, 10 % each).

    Args:
      content: integers (..., width), for each row everything the split may depend on.

    Returns:
      Integers (...,), indices into SPLITS.
    """
    # FNV-1a (Fowler, Noll & Vo) over the numbers, then the finalizer of MurmurHash3 (Appleby)
    digest = jnp.full(content.shape[:-1], 2166136261, jnp.uint32)
    for i in range(content.shape[-1]):
        digest = (digest ^ content[..., i].astype(jnp.uint32)) * jnp.uint32(16777619)
    digest = (digest ^ (digest >> 16)) * jnp.uint32(0x85EBCA6B)
    digest = (digest ^ (digest >> 13)) * jnp.uint32(0xC2B2AE35)
    bucket = (digest ^ (digest >> 16)) % 10
    return jnp.where(bucket == 8, 1, jnp.where(bucket == 9, 2, 0))


def draw_member(
    key: Array,
    split: str,
    draw: Callable[[Array], Array],
    content: Callable[[Array], Array] = lambda drawn: drawn,
) -> Array:
    """Draws with `draw(key)` until the drawn belongs to the split.

    Args:
      key: of the draws.
      split: one of SPLITS.
      draw: from a key to an array.
      content: what the split depends on, integers (width,): what was drawn unless told otherwise.
    """

    def try_again(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        key, draw_key = jax.random.split(state[0])
        drawn = draw(draw_key)
        return key, drawn, content_split(content(drawn)) == SPLITS.index(split)

    # nothing is drawn before the loop: the program holds `draw` once
    shape = jax.eval_shape(draw, key)
    nothing = key, jnp.zeros(shape.shape, shape.dtype), jnp.bool_(False)
    return jax.lax.while_loop(lambda state: ~state[2], try_again, nothing)[1]
