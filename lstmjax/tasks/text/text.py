"""Text by bytes or characters: predict the next one. The course's last lesson."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.tasks.base import Batch, Data
from lstmjax.tasks.text.corpus import xz_size
from lstmjax.tasks.text.next_symbol import NextSymbol, in_all_units


@dataclasses.dataclass(frozen=True)
class Text(NextSymbol):
    """A text whose symbols are its bytes, or its characters: all there are in `path`."""

    level: Literal["byte", "character"] = "byte"
    vocabulary: str = ""  # the symbols in order of their codes; bytes as the characters 0 to 255

    @property
    def symbol(self) -> str:
        """What a symbol is called."""
        return self.level

    def split(self, text: str) -> str:
        """The characters of a text; at level byte those of its bytes."""
        return text.encode().decode(self._encoding)

    def learn(self, train: Sequence[str], rest: Sequence[str]) -> str:
        """All the symbols that there are, sorted."""
        return "".join(sorted({*train, *rest}))

    def codes(self, symbols: str, where: str) -> np.ndarray:
        """Symbols to codes; UserError names the characters that the corpus lacked."""
        points = np.frombuffer(symbols.encode("utf-32-le"), np.uint32)
        known = np.frombuffer(self.vocabulary.encode("utf-32-le"), np.uint32)  # sorted
        place = np.minimum(np.searchsorted(known, points), len(known) - 1)
        if np.any(known[place] != points):
            text = symbols.encode(self._encoding).decode()
            unknown = {c for c in text if not set(self.split(c)) <= set(self.vocabulary)}
            raise UserError(
                f"{where}not in the corpus that the model learned: "
                f"{' '.join(sorted(unknown)[:10])!r}; leave it out, or train on a text that has it"
            )
        return place.astype(np.int32)

    def decode(self, codes: np.ndarray) -> str:
        """Codes to text; bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(codes).decode(errors="replace")

    def decode_bytes(self, codes: np.ndarray, before: int = 0) -> bytes:
        """Codes to UTF-8, which at level byte may start or end inside a character."""
        text = "".join(self.vocabulary[code] for code in np.asarray(codes))
        return text.encode(self._encoding)

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Unigrams, 5-grams with back-off, and xz, each given the training part."""
        before, held_out = (
            self.decode(np.asarray(data.arrays[split])).encode() for split in ("train", "test")
        )
        packed = 8 * (xz_size(before + held_out) - xz_size(before)) / len(data.arrays["test"])
        return super().floors(data) | {"xz": in_all_units(packed * np.log(2))}

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Each window's text, and below it a mark under each symbol that was predicted wrongly."""
        lines = []
        for answer, target in zip(
            np.asarray(outputs.argmax(-1)), np.asarray(batch.targets), strict=True
        ):
            marks = "".join(" " if right else "^" for right in answer == target)
            lines += [repr(self.decode(target))[1:-1][: len(target)], marks.rstrip()]
        return lines

    @property
    def _encoding(self) -> str:
        """What turns the corpus into symbols: latin-1 makes each byte a character."""
        return "utf-8" if self.level == "character" else "latin-1"
