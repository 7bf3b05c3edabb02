"""Scenes: two or three shapes in a row or a column, drawn as needed. What is there?"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import devices, metrics
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Generated
from lstmjax.tasks.pictures import grammar
from lstmjax.tasks.pictures.captioning import Captioning
from lstmjax.tasks.pictures.floors import nearest_picture

CELLS = 3  # a picture is three cells high and wide
RGB = np.array(
    [
        [0.9, 0.1, 0.1],
        [0.1, 0.75, 0.2],
        [0.15, 0.3, 1.0],
        [0.95, 0.85, 0.1],
        [1.0, 0.5, 0.8],
        [1.0, 1.0, 1.0],
    ],
    np.float32,
)
NOISE = 0.03  # standard deviation of every pixel's


class Scene(NamedTuple):
    """What is in a picture. An array each, without a batch axis."""

    axis: Array  # 0: a row, 1: a column
    place: Array  # of the row or column, 0 to 2
    count: Array  # of objects, 2 or 3
    cells: Array  # (OBJECTS,): where each stands along the row or column, ascending
    objects: Array  # (OBJECTS, 3): size, colour and shape of each


def _pairs() -> dict[str, np.ndarray]:
    """Pairs of colour and shape: `train`, which all splits show; and what only one split adds.

    `test` adds four, one of each shape, `valid` two. In training each shape has four or five of six
    colours, each colour three of four shapes.
    """
    of = {"train": [], "valid": [], "test": []}
    for colour in range(len(grammar.COLOURS)):
        for shape in range(len(grammar.SHAPES)):
            split = "test" if colour == shape else "train"
            split = "valid" if colour >= 4 and colour - shape == 3 else split
            of[split].append((colour, shape))
    return {split: np.array(pairs, np.int32) for split, pairs in of.items()}


PAIRS = _pairs()


@dataclasses.dataclass(frozen=True)
class Scenes(Captioning, Generated):
    """Sentences like `a large red square is left of a small blue cross at the top`.

    Squares, circles, triangles and crosses stand in a row or a column. A grammar says each scene in
    six ways; one of them, drawn at random, is what training reads, and any of them is right.
    Some colours never meet some shapes in training. Every other scene of the validation and of the
    tests has one such object, and is scored apart: `seen` and `unseen` are the shares of right
    sentences among new scenes of known objects, and among scenes with an unknown one.
    """

    size: int = setting(30, at_least=24, at_most=256)  # height and width of a picture, pixels
    test_examples: int = setting(2_000, at_least=1)
    floor_pictures: int = setting(10_000, at_least=1)  # of the training, to find the nearest among
    beam: int = setting(1, at_least=1, at_most=256)  # sentences followed side by side; 1: greedy
    n_best: int = setting(1, at_least=1)  # sentences that launch.predict writes a picture, at most

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The grammar's words."""
        return grammar.VOCABULARY

    @property
    def picture_size(self) -> tuple[int, int]:
        """As drawn."""
        return self.size, self.size

    @property
    def longest(self) -> int:
        """Words of the grammar's longest sentence, with the stop."""
        return grammar.LONGEST

    def example(self, key: Array, split: str) -> Batch:
        """A picture (size, size, 3) from 0 to 1 and its sentences, the one to learn first."""
        scene_key, picture_key, order_key = jax.random.split(key, 3)
        scene = self.draw_scene(scene_key, split)
        said = grammar.sentences(scene.axis, scene.place, scene.count, scene.objects)
        turn = jax.random.randint(order_key, (), 0, grammar.SENTENCES)
        return self.paired_batch(self.paint(picture_key, scene), jnp.roll(said, -turn, 0))

    def draw_scene(self, key: Array, split: str) -> Scene:
        """A scene of a split: in half of those that are held out one object is unknown."""
        # one draw for everything: each call would be compiled anew
        draws = jax.random.uniform(key, (6 + 2 * grammar.OBJECTS,))
        axis, place, third = (draws[:3] * np.array([2, CELLS, 2])).astype(jnp.int32)
        count, each = 2 + third, jnp.arange(grammar.OBJECTS)
        place_of_unknown, missing, pair, *rest = draws[3:]
        sizes, known = jnp.split(jnp.stack(rest), 2)
        sizes = (sizes * 2).astype(jnp.int32)
        pairs = jnp.asarray(PAIRS["train"])[(known * len(PAIRS["train"])).astype(jnp.int32)]
        if split != "train":
            unknown = jnp.asarray(PAIRS[split])[(pair * len(PAIRS[split])).astype(jnp.int32)]
            # twice as many places as objects: the second half is no place
            here = (each == (place_of_unknown * 2 * count).astype(jnp.int32)) & (each < count)
            pairs = jnp.where(here[:, None], unknown, pairs)
        empty = (missing * CELLS).astype(jnp.int32)
        cells = each + ((each >= empty) & (count == 2))
        return Scene(axis, place, count, cells, jnp.concatenate([sizes[:, None], pairs], 1))

    def paint(self, key: Array, scene: Scene) -> Array:
        """The picture (size, size, 3): places, shades and the dark ground differ a little."""
        jitter_key, shade_key, noise_key = jax.random.split(key, 3)
        cell = self.size / CELLS
        along, across = (scene.cells + 0.5) * cell, (scene.place + 0.5) * cell
        centers = jnp.stack([along, jnp.full_like(along, across)], 1)  # x, y in a row
        centers = jnp.where(scene.axis == 0, centers, centers[:, ::-1])
        centers += jax.random.uniform(jitter_key, centers.shape, minval=-0.08, maxval=0.08) * cell
        shades = jax.random.uniform(shade_key, (grammar.OBJECTS + 1,))
        picture = jnp.full((self.size, self.size, 3), 0.25 * shades[-1])
        pixel = jnp.arange(self.size) + 0.5
        for i in range(grammar.OBJECTS):
            size, colour, shape = scene.objects[i]
            radius = jnp.where(size == 1, 0.42, 0.26) * cell
            x, y = (pixel - centers[i, 0])[None, :], (pixel - centers[i, 1])[:, None]
            inside = _inside(x / radius, y / radius, shape) & (i < scene.count)
            paint = jnp.asarray(RGB)[colour] * (0.7 + 0.3 * shades[i])
            picture = jnp.where(inside[..., None], paint, picture)
        return jnp.clip(picture + NOISE * jax.random.normal(noise_key, picture.shape), 0, 1)

    def score(self, written: Array, batch: Batch) -> Sums:
        """What all captions have, and the share of right ones by whether all objects are known."""
        right, _, _ = self.compare(written, batch.targets)
        valid, unseen = batch.mask.any(-1), self.unseen(batch.targets)
        return {
            **super().score(written, batch),
            "seen": metrics.mean(right, valid & ~unseen),
            "unseen": metrics.mean(right, valid & unseen),
        }

    def unseen(self, targets: Array) -> Array:
        """Which (batch, references, time) name an object that training lacks: (batch,)."""
        first = targets[:, 0]
        colour, shape = first[:, :-1, None], first[:, 1:, None]
        found = jnp.zeros(len(first), bool)
        for split in ("valid", "test"):
            words = [grammar.WORDS[i + 1][PAIRS[split][:, i]] for i in range(2)]
            found |= ((colour == words[0]) & (shape == words[1])).any((1, 2))
        return found

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The sentence of the nearest of `floor_pictures` training pictures, pixel by pixel."""
        known = self.batch_once(data.arrays, "train", jnp.arange(self.floor_pictures))
        test = self.test_batch(data)
        nearest = nearest_picture(known.inputs[0], test.inputs[0])
        scores = devices.jit(self.score)(known.targets[nearest, 0], test)
        return {"nearest picture": metrics.divide(scores)}


def _inside(x: Array, y: Array, shape: Array) -> Array:
    """Which pixels a shape covers, from their coordinates in its radius; y points down."""
    wide, high = jnp.abs(x), jnp.abs(y)
    square = jnp.maximum(wide, high) <= 0.9
    circle = x**2 + y**2 <= 1.0
    triangle = (high <= 1) & (wide <= (y + 1) / 2)
    cross = (jnp.minimum(wide, high) <= 0.34) & (jnp.maximum(wide, high) <= 1)
    return jnp.stack([square, circle, triangle, cross])[shape]
