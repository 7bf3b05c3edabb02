"""What is said of a drawn scene: every sentence that a small grammar allows for it."""

import jax.numpy as jnp
import numpy as np
from jax import Array

SIZES = ("small", "large")
COLOURS = ("red", "green", "blue", "yellow", "pink", "white")
SHAPES = ("square", "circle", "triangle", "cross")
OBJECTS = 3  # of a scene, at most
# where the objects stand: a row at one of three heights, or a column at one of three widths
PLACES = (
    ("at the top", "in the middle", "at the bottom"),
    ("on the left", "in the middle", "on the right"),
)
# In a row a, b and c stand from left to right, in a column from top to bottom; {p} is the place.
ROW_OF_TWO = (
    "{a} is left of {b} {p}",
    "{b} is right of {a} {p}",
    "{p} {a} is left of {b}",
    "{p} {b} is right of {a}",
    "there is {a} left of {b} {p}",
    "there is {b} right of {a} {p}",
)
ROW_OF_THREE = (
    "{b} is between {a} and {c} {p}",
    "{b} is between {c} and {a} {p}",
    "{p} {b} is between {a} and {c}",
    "{p} {b} is between {c} and {a}",
    "{p} from left to right are {a} {b} and {c}",
    "{p} from right to left are {c} {b} and {a}",
)
SENTENCES = len(ROW_OF_TWO)  # of every scene


def _in_a_column(template: str) -> str:
    """The same of a column: `left to right` becomes `top to bottom`, `right of` `below`."""
    words = {"left of": "above", "right of": "below", "left": "top", "right": "bottom"}
    for old, new in words.items():
        template = template.replace(old, new)
    return template


TEMPLATES = tuple(
    (tuple(map(turn, ROW_OF_TWO)), tuple(map(turn, ROW_OF_THREE))) for turn in (str, _in_a_column)
)
# what stands for itself; an object is four words, of which three depend on it
NAMES = {name: f"a {name}0 {name}1 {name}2" for name in "abc"} | {"p": "p0 p1 p2"}
SLOTS = tuple(f"{name}{i}" for name in "abcp" for i in range(3))
VOCABULARY = tuple(
    sorted(
        {*SIZES, *COLOURS, *SHAPES}
        | {word for of_axis in PLACES for place in of_axis for word in place.split()}
        | {
            word
            for of_axis in TEMPLATES
            for of_count in of_axis
            for template in of_count
            for word in template.format(**NAMES).split()
            if word not in SLOTS
        }
    )
)
STOP = len(VOCABULARY)
CODES = {word: code for code, word in enumerate((*VOCABULARY, "<stop>", *SLOTS))}


def _compile() -> np.ndarray:
    """Templates as codes (axes, counts, sentences, longest): words, then slots, STOP at the end."""
    rows = [
        [CODES[word] for word in template.format(**NAMES).split()]
        for of_axis in TEMPLATES
        for of_count in of_axis
        for template in of_count
    ]
    longest = 1 + max(map(len, rows))  # with the stop
    padded = [[*row, *[STOP] * (longest - len(row))] for row in rows]
    return np.array(padded, np.int32).reshape(2, 2, SENTENCES, longest)


COMPILED = _compile()
LONGEST = COMPILED.shape[-1]
WORDS = tuple(np.array([CODES[word] for word in of]) for of in (SIZES, COLOURS, SHAPES))
PLACE_WORDS = np.array([[[CODES[w] for w in place.split()] for place in of] for of in PLACES])


def sentences(axis: Array, place: Array, count: Array, objects: Array) -> Array:
    """Every sentence that the grammar allows for a scene; traceable.

    Args:
      axis: 0 of a row, 1 of a column.
      place: of the row or column, 0 to 2.
      count: of objects, 2 or 3.
      objects: size, colour and shape of each, integers (OBJECTS, 3), in their order.

    Returns:
      Codes (SENTENCES, LONGEST), each filled up with STOP.
    """
    said = [jnp.asarray(words)[objects[:, i]] for i, words in enumerate(WORDS)]
    slots = jnp.concatenate([jnp.stack(said, 1).ravel(), jnp.asarray(PLACE_WORDS)[axis, place]])
    rows = jnp.asarray(COMPILED)[axis, count - 2]
    return jnp.where(rows <= STOP, rows, slots[jnp.maximum(rows - STOP - 1, 0)])
