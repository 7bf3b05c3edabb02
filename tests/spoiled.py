"""Hypothesis strategies of input that is wrong: texts, JSON values, and files of every format."""

import gzip
import io
import json
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from lstmjax.experiment import Experiment
from lstmjax.models.base import Model
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.models.generative import Generative
from lstmjax.models.tagger import Tagger
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.base import Task
from lstmjax.tasks.pairs import Pairs
from lstmjax.tasks.panels import Panels
from lstmjax.tasks.sequences import Labelled
from lstmjax.tasks.series import Series
from lstmjax.tasks.tagging import Tagging
from lstmjax.tasks.text import Text, Words
from tests import small_files, tiny

NUMBERS = ("0", "-1", "1e999", "-1e999", "nan", "inf", "1.5", "9" * 30, "1e-320", "0x10", "1_0")
WORDS = ("", " ", "none", "true", "[]", "()", "1,2", "1,,2", "(", "cosine", "é", "\udcff", "=")
CELLS = (b"", b" ", b"nan", b"inf", b"1e999", b"?", b"_", b"O", b"a b", b"\xff", b'"', b"\0", b"\r")
PARTING = (b"\t", b",", b":", b" ", b"\n")

texts = st.sampled_from(NUMBERS) | st.sampled_from(WORDS) | st.text(max_size=5)
# what a command line can hold: no NUL
arguments = texts.map(lambda text: text.replace("\0", "0"))
scalars = st.sampled_from([None, True, -1, 0, 10**30, 1e308, float("nan")]) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def changed_json(draw: st.DrawFn, tree: object) -> object:
    """A JSON value with one thing in it changed, renamed or removed."""
    if not isinstance(tree, dict) or not tree or not draw(st.integers(0, 9)):
        return draw(values)
    tree, name = dict(tree), draw(st.sampled_from(sorted(tree)))
    inner, what = tree.pop(name), draw(st.sampled_from(("change", "change", "rename", "remove")))
    if what == "change":
        tree[name] = draw(changed_json(inner))
    elif what == "rename":
        tree[draw(texts)] = inner
    return tree


def spoiled_json(content: bytes) -> st.SearchStrategy[bytes]:
    """A JSON file with a value changed, or spoiled as any file."""
    changed = changed_json(json.loads(content))
    return changed.map(lambda tree: json.dumps(tree).encode()) | spoiled(content)


@st.composite
def spoiled(draw: st.DrawFn, content: bytes) -> bytes:
    """A file with bytes changed, cut out or put in, or with lines or cells exchanged."""
    for _ in range(draw(st.integers(1, 2))):
        parting = draw(st.sampled_from((None, *PARTING)))
        if parting is None:  # as bytes
            begin, width = draw(st.integers(0, len(content))), draw(st.sampled_from((0, 1, 1, 9)))
            content = content[:begin] + draw(st.binary(max_size=3)) + content[begin + width :]
            if not draw(st.integers(0, 5)):
                content = content[:begin]
            continue
        parts = content.split(parting)
        place, other = (draw(st.integers(0, len(parts) - 1)) for _ in range(2))
        parts[place : place + 1] = draw(
            st.sampled_from([[], [parts[place]] * 2, [parts[other]]])
            | st.sampled_from(CELLS).map(lambda cell: [cell])
        )
        content = parting.join(parts)
    return content


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """A .npz file of arrays of any type and shape, under the names that are read and another."""
    kinds = st.sampled_from(("f4", "f8", "i4", "u1", "i8", "?", "c8", "U2", "S2", "M8[D]", "f2"))
    size = draw(st.integers(0, 3))
    arrays = {}
    for name in draw(st.sets(st.sampled_from(("inputs", "lengths", "labels", "more")))):
        more = draw(st_numpy.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
        shape = (size, *more[: 3 if name == "inputs" else draw(st.integers(0, 1))])
        arrays[name] = draw(st_numpy.arrays(draw(kinds), shape, fill=st.nothing()))
    return _archive(arrays)


class Format(NamedTuple):
    """A small file that is right, a task that reads it, and a model that reads the task."""

    file: str  # its name
    content: bytes
    task: Callable[[str], Task]
    model: Model = Vanilla(features=4)

    def experiment(self, path: object) -> Experiment:
        """A tiny run on the file at a path."""
        return Experiment(
            task=self.task(str(path)), model=self.model, optimizer=Adam(), **tiny.SHORT
        )


def _archive(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _table() -> bytes:
    rows = (f"2021-01-{d:02},{d % 4}.5,{d if d % 7 else ''},{'ab'[d % 2]}" for d in range(1, 31))
    return "\n".join(["day,load,heat,sky", *rows, ""]).encode()


def _long() -> bytes:
    rows = (
        f"{'ab'[i]},2021-01-{d:02},{d % 4 + 1}.5,{d if d % 7 else ''},{d % 5},{'xy'[i]}"
        for i in range(2)
        for d in range(1 + i, 15)
    )
    return "\n".join(["id,day,load,heat,price,sky", *rows, ""]).encode()


def _panel(path: str) -> Panels:
    columns = dict(targets=("load",), past=("heat",), known=("price",), static=("sky",))
    sizes = dict(lookback=3, horizon=2, season=2)
    return Panels(path=path, series="id", time="day", calendar=("day",), **columns, **sizes)


def _pairs(form: str) -> bytes:
    words = [f"{a}{b}" for a in "abcd" for b in "abcd"]
    lines = {"tsv": "{0}\t{1}", "cmudict": "{0} {1} {0}"}
    return "".join(lines[form].format(w, w[::-1]) + "\n" for w in words).encode()


def _labelled(path: str, **changes: object) -> Labelled:
    return Labelled(train=path, test=path, valid_fraction=0.3, shapes=2, **changes)


def _series(path: str) -> Series:
    columns = dict(time="day", targets=("load",), covariates=("heat",), categories=("sky",))
    return Series(path=path, lookback=3, horizon=2, **columns)


def _pairs_task(path: str, form: str) -> Pairs:
    return Pairs(path=path, format=form, valid_fraction=0.2, test_fraction=0.2, shapes=2)


_STEPS = np.arange(48, dtype=np.float32).reshape(8, 3, 2)
_TAGGER = Tagger(features=(4,), word_features=2, character_features=2, spelling_features=2)
_WRITER = EncoderDecoder(features=(4,), attention="dot")
_READER = Generative(features=(4,))
_COLUMNS = "-DOCSTART- -X- O\n\n" + "John B-PER\nsleeps O\n\nin O\nNew B-LOC\nYork I-LOC\n\n" * 4
FORMATS = {
    "csv": Format("a.csv", _table(), _series),
    "long": Format("a.csv", _long(), _panel),
    "ts": Format("a.ts", small_files.ts_text(8).encode(), _labelled),
    "npz": Format(
        "a.npz",
        _archive({"inputs": _STEPS, "lengths": np.arange(8) % 3 + 1, "labels": np.arange(8) % 2}),
        _labelled,
    ),
    "idx": Format(
        "a-ubyte",
        small_files.idx_bytes(np.arange(48, dtype=np.uint8).reshape(8, 3, 2)),
        lambda path: _labelled(path, train_labels=f"{path}-labels", test_labels=f"{path}-labels"),
    ),
    "conllu": Format(
        "a.conllu",
        small_files.CONLLU.encode() * 3,
        lambda path: Tagging(train=path, test=path, longest_word=4),
        _TAGGER,
    ),
    "columns": Format(
        "a.conll",
        _COLUMNS.encode(),
        lambda path: Tagging(train=path, test=path, format="columns", word="1", tag="-1"),
        _TAGGER,
    ),
    "tsv": Format("a.tsv", _pairs("tsv"), lambda path: _pairs_task(path, "tsv"), _WRITER),
    "cmudict": Format("a.dict", _pairs("cmudict"), lambda p: _pairs_task(p, "cmudict"), _WRITER),
    "text": Format(
        "a.txt",
        small_files.POEM.encode(),
        lambda p: Text(path=p, level="character", window=8),
        _READER,
    ),
    "words": Format("a.txt", small_files.POEM.encode(), lambda p: Words(path=p, window=8), _READER),
}


def write(name: str, directory: pathlib.Path, content: bytes | None = None) -> pathlib.Path:
    """Writes a file of a format, with this content or as it is right, and what belongs to it."""
    file = directory / FORMATS[name].file
    file.write_bytes(FORMATS[name].content if content is None else content)
    if name == "idx":
        labels = file.with_name(f"{file.name}-labels")
        labels.write_bytes(small_files.idx_bytes(np.arange(8, dtype=np.uint8) % 2))
    return file


def files(name: str) -> st.SearchStrategy[bytes]:
    """Spoiled files of a format, and now and then any bytes."""
    spoils = [spoiled(FORMATS[name].content)] * 4 + [st.binary(max_size=40)]
    if name == "npz":
        spoils += [archives()] * 4
    if name == "idx":
        spoils += [spoiled(FORMATS[name].content).map(gzip.compress)]
    return st.one_of(spoils)
