"""Text by bytes or characters: predict the next one. The course's last lesson."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Literal

import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.tasks.base import Batch, Data
from lstmjax.tasks.text.corpus import xz_size
from lstmjax.tasks.text.next_symbol import NextSymbol, in_all_units, smallest_type

CHUNK = 2**22  # symbols that are worked on at a time


@dataclasses.dataclass(frozen=True)
class Text(NextSymbol):
    """A text whose symbols are its bytes, or its characters: all there are in `path`."""

    meanings: ClassVar[tuple[str, ...]] = ("vocabulary",)

    level: Literal["byte", "character"] = "byte"
    every_byte: bool = False  # all 256 are symbols, so that other texts can go on from this run
    vocabulary: str = ""  # the symbols in order of their codes; bytes as the characters 0 to 255

    @property
    def symbol(self) -> str:
        """What a symbol is called."""
        return self.level

    def split(self, text: str) -> np.ndarray:
        """The code points of a text, uint32; at level byte its UTF-8, uint8."""
        if self.level == "byte":
            return np.frombuffer(text.encode(), np.uint8)
        return np.frombuffer(text.encode("utf-32-le"), np.uint32)

    def symbols(self, content: bytes) -> np.ndarray:
        """What `split` gives of a file's content, without a copy at level byte."""
        if self.level == "byte":
            return np.frombuffer(content, np.uint8)
        return super().symbols(content)

    def learn(self, train: np.ndarray, *rest: np.ndarray) -> str:
        """All the symbols that there are, sorted."""
        if self.every_byte:
            if self.level != "byte":
                raise UserError(f"task.every_byte needs task.level byte, and it is {self.level}")
            return "".join(map(chr, range(256)))
        found = {symbol for part in (train, *rest) for symbol in _different(part)}
        return "".join(map(chr, sorted(found)))

    def codes(self, symbols: np.ndarray, where: str) -> np.ndarray:
        """Symbols to codes; UserError names the characters that the corpus lacked."""
        known = np.frombuffer(self.vocabulary.encode("utf-32-le"), np.uint32)  # sorted
        code_of = np.full(1 + max(known, default=0), len(known), np.int32)
        code_of[known] = np.arange(len(known))
        codes = np.empty(len(symbols), smallest_type(len(known)))
        for start in range(0, len(symbols), CHUNK):
            part = symbols[start : start + CHUNK]
            found = code_of.take(part, mode="clip")
            if np.any(found == len(known)) or part.max(initial=0) >= len(code_of):
                self._refuse(symbols, where)
            codes[start : start + CHUNK] = found
        return codes

    def _refuse(self, symbols: np.ndarray, where: str) -> None:
        """Raises UserError with the characters that the vocabulary lacks."""
        text = symbols.tobytes().decode("utf-8" if self.level == "byte" else "utf-32-le")
        known = set(map(ord, self.vocabulary))
        unknown = sorted(c for c in set(text) if not set(self.split(c).tolist()) <= known)
        raise UserError(
            f"{where}not in the corpus that the model learned: "
            f"{' '.join(unknown[:10])!r}; leave it out, or train on a text that has it"
        )

    def decode(self, codes: np.ndarray) -> str:
        """Codes to text; bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(codes).decode(errors="replace")

    def decode_bytes(self, codes: np.ndarray, before: int = 0) -> bytes:
        """Codes to UTF-8, which at level byte may start or end inside a character."""
        points = np.frombuffer(self.vocabulary.encode("utf-32-le"), np.uint32)[np.asarray(codes)]
        return points.tobytes().decode("utf-32-le").encode(self._encoding)

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Unigrams, 5-grams with back-off, and xz, each given the training part."""
        train, test, sample = self.floor_parts(data)
        before, held_out = (self.decode(part).encode() for part in (train, test))
        with ThreadPoolExecutor() as threads:  # liblzma works outside Python's lock
            whole, alone = threads.map(xz_size, (before + held_out, before))
        packed = 8 * (whole - alone) / len(test)
        return super().floors(data) | {f"xz{sample}": in_all_units(packed * np.log(2))}

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


def _different(symbols: np.ndarray) -> set[int]:
    """The different symbols of a long array, a stretch at a time."""
    stretches = range(0, len(symbols), CHUNK)
    return {
        int(symbol) for start in stretches for symbol in np.unique(symbols[start : start + CHUNK])
    }
