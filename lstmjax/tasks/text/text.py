"""Text by bytes or characters: predict the next one. The course's last lesson."""

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Literal

import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.tasks.base import Batch
from lstmjax.tasks.text.corpus import Corpus
from lstmjax.tasks.text.floors import xz_size
from lstmjax.tasks.text.next_symbol import NextSymbol, smallest_type


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

    def pieces(self, corpus: Corpus) -> Iterator[np.ndarray]:
        """The symbols of a long text, a piece at a time."""
        if self.level == "byte":
            return (np.frombuffer(piece, np.uint8) for piece in corpus.pieces())
        return (self.split(piece.decode()) for piece in corpus.pieces())

    def learn(self, corpus: Corpus) -> str:
        """All the symbols that there are, sorted."""
        if self.every_byte:
            if self.level != "byte":
                raise UserError(f"task.every_byte needs task.level byte, and it is {self.level}")
            return "".join(map(chr, range(256)))
        found = ""
        for piece in corpus.pieces():
            if self.level == "byte":
                new = piece.translate(None, found.encode("latin-1")).decode("latin-1")
            else:
                new = piece.decode()
            found += "".join(set(new) - set(found))
        return "".join(sorted(found))

    @property
    def learned_from(self) -> list[Any]:
        """The settings that the symbols and the vocabulary of a text depend on."""
        return [self.level, self.every_byte]

    def codes(self, symbols: np.ndarray, where: str) -> np.ndarray:
        """Symbols to codes; UserError names the characters that the corpus lacked."""
        known = np.frombuffer(self.vocabulary.encode("utf-32-le"), np.uint32)  # sorted
        kind = smallest_type(len(known))
        if self.level == "byte":
            text, known = symbols.tobytes(), known.astype(np.uint8).tobytes()
            if text.translate(None, known):
                self._refuse(symbols, where)
            table = bytes.maketrans(known, bytes(range(len(known))))
            return np.frombuffer(text.translate(table), kind)
        code_of = np.full(1 + max(known, default=0), len(known), np.int32)
        code_of[known] = np.arange(len(known))
        codes = code_of.take(symbols, mode="clip")
        if np.any(codes == len(known)) or symbols.max(initial=0) >= len(code_of):
            self._refuse(symbols, where)
        return codes.astype(kind)

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

    def predictors(self, train: np.ndarray, test: np.ndarray) -> Iterator[tuple[str, float]]:
        """Unigrams, 5-grams with back-off, and xz: their names, and nats a symbol."""
        yield from super().predictors(train, test)
        before, held_out = (self.decode(part).encode() for part in (train, test))
        with ThreadPoolExecutor() as threads:  # liblzma works outside Python's lock
            whole, alone = threads.map(xz_size, (before + held_out, before))
        yield "xz", 8 * (whole - alone) / len(test) * np.log(2)

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
