"""Labelled sequences from files: .ts of the UEA archive, .npz of NumPy, and idx, as MNIST's."""

import gzip
import io
import math
import pathlib
import zlib
from typing import NamedTuple

import numpy as np

from lstmjax.errors import UserError
from lstmjax.files import read_bytes, read_lines
from lstmjax.tasks.sequences.arrays import with_targets
from lstmjax.tasks.sequences.examples import Sequences, is_blurred, pad

IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
MISSING = "?"  # a value that was not observed, in .ts files


def read_sequences(path: str | pathlib.Path, flag: str, labels: str | None = None) -> Sequences:
    """The sequences of a file, by the ending of its name: .ts, .npz, and idx for all others.

    A .npz file holds `inputs` (size, time, width), and may hold `lengths` (size,), and `labels`
    (size,) or `targets` (size, [time,] values). An idx file, packed with gzip or not, holds
    pictures (size, height, width), which are read row by row, or videos; its labels are in a file
    of their own.

    Args:
      path: of the file.
      flag: the setting or flag that named it.
      labels: the idx file of the labels, named by the setting `{flag}_labels`.

    Raises:
      UserError: a file is missing or malformed, with the line or row and the remedy.
    """
    suffix = pathlib.Path(path).suffix
    if labels and suffix in (".ts", ".npz"):
        raise UserError(f"{flag}_labels {labels}: {path} holds its own labels; leave it out")
    read = {".ts": _read_ts, ".npz": _read_npz}.get(suffix, _read_idx)
    sequences = read(path, f"{flag} {path}")
    if labels:
        read_labels = read_idx(labels, f"{flag}_labels {labels}")
        if read_labels.shape != sequences.lengths.shape:
            raise UserError(
                f"{flag}_labels {labels}: labels of shape {read_labels.shape} for "
                f"{len(sequences.lengths):,} sequences in {path}; give the file that belongs to it"
            )
        sequences = sequences._replace(labels=tuple(map(str, read_labels.tolist())))
    return sequences


def read_idx(path: str | pathlib.Path, where: str) -> np.ndarray:
    """The array in an idx file, packed with gzip or not; `where` begins messages."""
    content = read_bytes(path, where.split()[0])
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{where}: cut short or damaged ({error}); fetch it again") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in IDX_TYPES:
        raise UserError(
            f"{where}: not an idx file, it begins with {content[:4]!r}; "
            "names of other files must end in .ts or .npz"
        )
    kind, rank = np.dtype(IDX_TYPES[content[2]]), content[3]
    begin = 4 + 4 * rank
    header = content[4:begin].ljust(4 * rank, b"\0")
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    expected = begin + math.prod(shape) * kind.itemsize
    if len(content) != expected:
        raise UserError(
            f"{where}: {len(content):,} bytes, where its header {shape} asks for {expected:,}: "
            "cut short or damaged; fetch it again"
        )
    return np.frombuffer(content, kind, offset=begin).reshape(shape)


def _read_idx(path: str | pathlib.Path, where: str) -> Sequences:
    inputs = read_idx(path, where)
    if inputs.ndim < 3 or not inputs.size:
        raise UserError(
            f"{where}: holds an array of shape {inputs.shape}; pictures (size, height, width) "
            "are needed"
        )
    return _checked(inputs, np.full(len(inputs), inputs.shape[1], np.int32), None, where)


def _read_npz(path: str | pathlib.Path, where: str) -> Sequences:
    content = io.BytesIO(read_bytes(path, where.split()[0]))
    try:
        with np.load(content) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # of any kind: NumPy and zipfile do not say which
        raise UserError(
            f"{where}: cannot be read ({str(error)[:80]}); save it with numpy.savez, "
            "without arrays of objects"
        ) from error
    if "inputs" not in arrays:
        raise UserError(
            f"{where}: has no array inputs, but {', '.join(arrays) or 'none'}; save it with "
            "numpy.savez(file, inputs=..., lengths=..., labels=...)"
        )
    inputs = arrays["inputs"]
    if inputs.dtype.kind not in "biuf" or inputs.ndim < 3 or not inputs.size:
        raise UserError(
            f"{where}: inputs are {inputs.dtype} of shape {inputs.shape}; numbers "
            "(size, time, width) are needed"
        )
    for name in ("lengths", "labels"):
        if name in arrays and arrays[name].shape != inputs.shape[:1]:
            raise UserError(
                f"{where}: {name} have shape {arrays[name].shape}, inputs {inputs.shape}: "
                f"give one of {name} for each of the {len(inputs):,} sequences"
            )
    lengths = arrays.get("lengths", np.full(len(inputs), inputs.shape[1]))
    wrong = np.flatnonzero(~((lengths >= 1) & (lengths <= inputs.shape[1])))
    if lengths.dtype.kind not in "iu" or len(wrong):
        row = wrong[0] if len(wrong) else 0
        raise UserError(
            f"{where}: row {row:,} of lengths is {lengths[row]}; whole numbers from 1 to "
            f"{inputs.shape[1]}, the time steps of inputs, are needed"
        )
    labels = tuple(map(str, arrays["labels"].tolist())) if "labels" in arrays else None
    sequences = _checked(inputs, lengths.astype(np.int32), labels, where)
    if "targets" in arrays:
        sequences = with_targets(sequences, arrays["targets"], f"{where}: targets")
    return sequences


def _checked(
    inputs: np.ndarray, lengths: np.ndarray, labels: tuple[str, ...] | None, where: str
) -> Sequences:
    """Sequences of rows of arrays; UserError where a valid value is infinite."""
    valid = np.arange(inputs.shape[1]) < lengths[:, None]
    if inputs.dtype.kind == "f":
        infinite = (np.isinf(inputs).reshape(*inputs.shape[:2], -1).any(-1) & valid).any(1)
        if infinite.any():
            raise UserError(
                f"{where}: row {infinite.argmax():,} of inputs has an infinite value; "
                "mend it or leave the row out"
            )
        inputs = np.where(valid.reshape(*valid.shape, *[1] * (inputs.ndim - 2)), inputs, 0)
    return Sequences(inputs, lengths, labels, tuple(f"row {i:,}" for i in range(len(inputs))))


def _read_ts(path: str | pathlib.Path, where: str) -> Sequences:
    header, rows, labels, targets, places = None, [], [], [], []
    settings: dict[str, list[str]] = {}
    for number, line in enumerate(read_lines(path, where.split()[0]), 1):
        line, here = line.strip(), f"{where}: line {number:,}"
        if not line or line.startswith(("#", "%")):
            continue
        if header is None:
            if not line.startswith("@"):
                raise UserError(f"{where}: no line @data before line {number:,}; add it")
            name, *values = line[1:].split()
            settings[name.lower()] = values
            if name.lower() == "data":
                header = _header(settings, where)
            continue
        answered = header.labels or header.targets
        *channels, label = line.split(":") if answered else [*line.split(":"), ""]
        rows.append(_values(channels, header, here, rows))
        if header.targets:
            targets.append(_target(label, here))
        if header.labels:
            label = label.strip()
            if label not in header.labels:
                raise UserError(
                    f"{here} has the label {label[:40]!r}, @classLabel has "
                    f"{', '.join(sorted(header.labels))[:80]}; mend either"
                )
            labels.append(label)
        places.append(f"line {number:,}")
    if header is None:
        raise UserError(f"{where}: no line @data; is it a .ts file of the UEA archive?")
    if not rows:
        raise UserError(f"{where}: no sequences after @data; give at least one")
    lengths = np.array([len(row) for row in rows], np.int32)
    numbers = np.array(targets)[:, None] if targets else None
    known = np.ma.masked_invalid(np.concatenate(rows))
    if not is_blurred(known.mean(0).filled(0), known.std(0).filled(0)):
        rows = [row.astype(np.float32) for row in rows]
    return Sequences(pad(rows), lengths, tuple(labels) or None, tuple(places), numbers)


class _Header(NamedTuple):
    labels: frozenset[str]  # empty: there are none
    targets: bool  # whether a number ends each line
    dimensions: int | None  # None: not told


def _header(settings: dict[str, list[str]], where: str) -> _Header:
    if settings.get("timestamps", ["false"])[:1] == ["true"]:
        raise UserError(f"{where}: @timeStamps true: resample it to even steps, and leave them out")
    has, *labels = settings.get("classlabel", ["false"])
    if has.lower() == "true" and not labels:
        raise UserError(f"{where}: @classLabel true names no classes; add them to the line")
    targets = settings.get("targetlabel", [""])[0].lower() == "true"
    if targets and has.lower() == "true":
        raise UserError(f"{where}: @classLabel and @targetLabel are both true; keep one of them")
    dimensions = settings.get("dimensions", [""])[0]
    return _Header(
        frozenset(labels) if has.lower() == "true" else frozenset(),
        targets,
        int(dimensions) if dimensions.isdecimal() else None,
    )


def _target(text: str, where: str) -> float:
    """The number at the end of a line."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{where} has the target {text.strip()[:40]!r}; a number is needed")
    return value


def _values(
    channels: list[str], header: _Header, where: str, before: list[np.ndarray]
) -> np.ndarray:
    """A line's channels as (time, channels)."""
    expected = header.dimensions or (before[0].shape[1] if before else len(channels))
    if len(channels) != expected:
        raise UserError(
            f"{where} has {len(channels)} channels between colons, {expected} are expected; mend "
            "the line, or @dimensions and @classLabel"
        )
    cells = [channel.split(",") for channel in channels]
    lengths = {len(row) for row in cells}
    if len(lengths) > 1:
        raise UserError(
            f"{where} has channels of {min(lengths)} to {max(lengths)} steps; all need as many"
        )
    try:
        values = np.array(
            [[math.nan if c.strip() == MISSING else float(c) for c in row] for row in cells],
            np.float64,
        )
    except ValueError as error:
        raise UserError(f"{where}: {error}; write numbers, and ? for what is missing") from error
    if np.isinf(values).any():
        raise UserError(f"{where} has an infinite value; mend it or leave the line out")
    return values.T
