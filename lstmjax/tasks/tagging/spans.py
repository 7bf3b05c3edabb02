"""Spans written as tags of words, IOB1, IOB2, IOBES or BILOU, and how many of them are right."""

import re
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

TAG = re.compile(r"([BIESLU])-(.+)")
SAME = {"L": "E", "U": "S"}  # BILOU's letters in IOBES


def are_spans(tags: Sequence[str]) -> bool:
    """Whether tags are `O` and a letter with a type, as in `B-PER`."""
    return any(tag != "O" for tag in tags) and all(tag == "O" or TAG.fullmatch(tag) for tag in tags)


def count_spans(
    guessed: Array, truth: Array, mask: Array, resets: Array, tags: Sequence[str]
) -> tuple[Array, Array]:
    """Sum and count of F1: twice the spans found, and the spans guessed and the true ones together.

    Spans are those of `conlleval` (Tjong Kim Sang & Buchholz 2000), one rule for all four schemes:
    one begins at B, at S, after O, E or S, and where the type changes. A span is found if it
    begins and ends as a true one does and is of its type.

    Args:
      guessed: integers (batch, time), tags.
      truth: the same.
      mask: bool (batch, time), which words there are.
      resets: bool (batch, time), where a sentence starts in mid-row: no span goes on there.
      tags: the names of the tags.
    """
    (begins, ends, kinds), (true_begins, true_ends, true_kinds) = (
        _spans(codes, mask, resets, tags) for codes in (guessed, truth)
    )
    found = begins & true_begins & (ends == true_ends) & (kinds == true_kinds)
    return 2.0 * found.sum(), (begins.sum() + true_begins.sum()).astype(jnp.float32)


def _spans(
    codes: Array, mask: Array, resets: Array, tags: Sequence[str]
) -> tuple[Array, Array, Array]:
    """Where spans begin, where the span at each word ends, and of what type it is."""
    parts = [match.groups() if (match := TAG.fullmatch(tag)) else ("O", "") for tag in tags]
    letters = jnp.array([ord(SAME.get(letter, letter)) for letter, _ in parts])
    names = sorted({name for _, name in parts})
    kinds = jnp.array([names.index(name) for _, name in parts])
    letter = jnp.where(mask, letters[codes], ord("O"))
    kind = jnp.where(mask, kinds[codes], -1)

    def after(array: Array, first: int) -> Array:
        return jnp.pad(array[:, :-1], ((0, 0), (1, 0)), constant_values=first)

    def one_of(array: Array, members: str) -> Array:
        return jnp.isin(array, np.array([ord(member) for member in members]))

    inside = letter != ord("O")
    fresh = (
        one_of(letter, "BS") | one_of(after(letter, ord("O")), "OES") | (kind != after(kind, -1))
    )
    begins = inside & (fresh | resets)
    goes_on = jnp.pad((inside & ~begins)[:, 1:], ((0, 0), (0, 1)))
    time = codes.shape[1]
    last = jnp.where(goes_on, time, jnp.arange(time))
    return begins, jax.lax.cummin(last, axis=1, reverse=True), kind
