"""Pictures of the ten digits: a small font, or files such as MNIST's."""

from typing import NamedTuple

import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.tasks.holding_out import hold_out
from lstmjax.tasks.sequences.files import read_idx

DIGITS = 10
# seven rows of five pixels each, a row in hexadecimal, the leftmost pixel 16
FONT = (
    "0e 11 13 15 19 11 0e",
    "04 0c 04 04 04 04 0e",
    "0e 11 01 02 04 08 1f",
    "1f 02 04 02 01 11 0e",
    "02 06 0a 12 1f 02 02",
    "1f 10 1e 01 01 11 0e",
    "06 08 10 1e 11 11 0e",
    "1f 01 02 04 08 08 08",
    "0e 11 11 0e 11 11 0e",
    "0e 11 11 0f 01 02 0c",
)


class Glyphs(NamedTuple):
    """Pictures of digits, those of 0 first."""

    pictures: Array  # bytes (pictures, height, width)
    starts: Array  # (DIGITS,): the first picture of each digit
    counts: Array  # (DIGITS,)


def of_font(scale: int) -> Glyphs:
    """One picture of each digit, 7 x 5 pixels, each as a square of scale x scale."""
    rows = np.array([[int(row, 16) for row in digit.split()] for digit in FONT], np.uint8)
    pixels = 255 * (rows[..., None] >> np.arange(4, -1, -1) & 1).astype(np.uint8)
    pictures = pixels.repeat(scale, 1).repeat(scale, 2)
    return Glyphs(pictures, np.arange(DIGITS, dtype=np.int32), np.ones(DIGITS, np.int32))


def of_files(path: str, labels: str, seed: int, share: float = 0.1) -> dict[str, Glyphs]:
    """The pictures of an idx file for each split; a share of them is for each held-out one.

    Args:
      path: of the pictures (size, height, width), packed with gzip or not.
      labels: of their digits (size,).
      seed: of the choice.
      share: of the pictures that the validation has, and the tests.

    Raises:
      UserError: a file is missing or malformed, or a split lacks a digit.
    """
    pictures, digits = read_idx(path, f"task.path {path}"), read_idx(labels, "task.labels")
    if pictures.ndim != 3 or digits.shape != pictures.shape[:1]:
        raise UserError(
            f"task.path {path}: {pictures.shape}, task.labels {labels}: {digits.shape}; give "
            "pictures (size, height, width) and as many labels"
        )
    test = hold_out(len(digits), share, seed, digits)
    rest = np.flatnonzero(~test)
    valid = rest[hold_out(len(rest), share / (1 - share), seed, digits[rest])]
    parts = {"train": np.setdiff1d(rest, valid), "valid": valid, "test": np.flatnonzero(test)}
    found = {}
    for split, places in parts.items():
        of_digit = [places[digits[places] == digit] for digit in range(DIGITS)]
        counts = np.array([len(of) for of in of_digit], np.int32)
        if not counts.all():
            raise UserError(
                f"task.labels {labels}: too few pictures of {counts.argmin()}, as labels 0 to 9 "
                f"are digits; the {split} split has none"
            )
        starts = (np.cumsum(counts) - counts).astype(np.int32)
        found[split] = Glyphs(pictures[np.concatenate(of_digit)], starts, counts)
    return found
