"""Sequences, labels, numbers and weights from a person's arrays; faults name argument and row."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lstmjax.errors import UserError
from lstmjax.tasks.sequences.examples import Sequences, pad

TURNED = "; the axes look like (size, channels, time): swap the last two"


def from_inputs(inputs: Any, lengths: Any = None, name: str = "X") -> Sequences:
    """Sequences from an array or from a list of arrays.

    Args:
      inputs: numbers (size, time, *step), or (size, time) for one channel; or a list of arrays
        (time, *step) or (time,), of unequal length. NaN stands for what is missing.
      lengths: (size,), the valid steps of each row of an array; none: all.
      name: of the argument, for messages.

    Raises:
      UserError: no such thing, with the row.
    """
    if is_list(inputs):
        if lengths is not None:
            raise UserError(f"lengths: {name} is a list, whose arrays have lengths; leave it out")
        rows = [_numbers(row, f"{name}: row {i:,}") for i, row in enumerate(inputs)]
        rows = [row[:, None] if row.ndim == 1 else row for row in rows]
        _check_rows(rows, name)
        inputs, lengths = pad(rows), np.array([len(row) for row in rows], np.int32)
    else:
        inputs = _numbers(inputs, name)
        if inputs.ndim == 2:
            inputs = inputs[..., None]
        if inputs.ndim < 3 or not inputs.size:
            raise UserError(
                f"{name} has shape {inputs.shape}; (size, time, width) is needed, or a list of "
                "arrays (time, width)"
            )
        lengths = _lengths(inputs, lengths, name)
    places = tuple(f"row {i:,}" for i in range(len(lengths)))
    if inputs.dtype.kind == "f":
        valid = np.arange(inputs.shape[1]) < lengths[:, None]
        infinite = (np.isinf(inputs).reshape(*inputs.shape[:2], -1).any(-1) & valid).any(1)
        if infinite.any():
            raise UserError(
                f"{name}: {places[infinite.argmax()]} has an infinite value; mend it or leave the "
                "row out"
            )
    return Sequences(inputs, lengths, None, places)


def with_labels(sequences: Sequences, labels: Any, name: str = "y") -> Sequences:
    """Sequences with a class each; `labels` (size,) are of any kind that has an order.

    Raises:
      UserError: their number differs, or one is missing.
    """
    labels = flat(labels, sequences, name)
    return sequences._replace(labels=tuple(map(str, labels.tolist())))


def flat(labels: Any, sequences: Sequences, name: str) -> np.ndarray:
    """Labels as an array (size,), checked: all there, of one order, and no two read alike."""
    labels = np.asarray(labels)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    _expect_shape(labels, sequences.lengths.shape, sequences, name)
    missing = np.array([label is None or label != label for label in labels.tolist()])
    if missing.any():
        raise UserError(f"{name}: row {missing.argmax():,} is missing; label it, or leave it out")
    try:
        classes = np.unique(labels)
    except TypeError as error:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels.tolist()}))
        raise UserError(f"{name} mixes labels of the types {kinds}; give all of one") from error
    if len(classes) != len(set(map(str, labels.tolist()))):
        raise UserError(f"{name}: two different labels read alike; name them apart")
    return labels


def with_targets(sequences: Sequences, targets: Any, name: str = "y") -> Sequences:
    """Sequences with numbers to foretell.

    Args:
      sequences: of which.
      targets: (size,) or (size, values), of each sequence; (size, time, values), of each step; or
        a list of arrays (time,) or (time, values). A list of (values,) is taken for (time,) where
        every row is as long as its sequence.
      name: of the argument, for messages.

    Raises:
      UserError: their shape does not fit, or one is missing or infinite, with the row.
    """
    lengths = sequences.lengths
    if is_list(targets) and any(np.ndim(row) for row in targets):
        rows = [_numbers(row, f"{name}: row {i:,}") for i, row in enumerate(targets)]
        targets = pad(_steps(rows, lengths, name))
    targets = _numbers(targets, name)
    if not targets.ndim or not targets.shape[-1]:
        raise UserError(
            f"{name} has shape {targets.shape}; a number for each sequence is needed, (size,) or "
            "(size, values)"
        )
    targets = targets[:, None] if targets.ndim == 1 else targets
    expected = lengths.shape if targets.ndim < 3 else sequences.inputs.shape[:2]
    _expect_shape(targets[..., 0] if targets.ndim < 4 else targets, expected, sequences, name)
    finite = np.isfinite(targets).reshape(len(targets), -1, targets.shape[-1]).all(-1)
    valid = np.arange(finite.shape[1]) < np.where(targets.ndim < 3, 1, lengths)[:, None]
    wrong = (~finite & valid).any(1)
    if wrong.any():
        raise UserError(
            f"{name}: row {wrong.argmax():,} has a missing or infinite value; leave the row out"
        )
    return sequences._replace(targets=targets.astype(np.float64))


def with_weights(sequences: Sequences, weights: Any, name: str = "sample_weight") -> Sequences:
    """Sequences that count in the loss by `weights`, (size,) or (size, time); 1 on the mean.

    Raises:
      UserError: they are of another shape, negative, not finite, or all zero.
    """
    if weights is None:
        return sequences
    weights = _numbers(weights, name).astype(np.float64)
    every_step = sequences.targets is not None and sequences.targets.ndim == 3
    expected = sequences.lengths.shape if weights.ndim < 2 else sequences.inputs.shape[:2]
    if weights.ndim == 2 and not every_step:
        raise UserError(
            f"{name} has shape {weights.shape}, a weight for every step, and there is one answer "
            "for each sequence: give (size,)"
        )
    _expect_shape(weights, expected, sequences, name)
    wrong = ~(np.isfinite(weights) & (weights >= 0)).reshape(len(weights), -1).all(1)
    if wrong.any():
        raise UserError(
            f"{name}: row {wrong.argmax():,} is {weights[wrong.argmax()]}; weights are numbers "
            "from 0"
        )
    counted = weights
    if weights.ndim == 2:
        counted = weights[np.arange(weights.shape[1]) < sequences.lengths[:, None]]
    if not counted.any():
        raise UserError(f"{name} is 0 throughout; some sequence must count")
    return sequences._replace(weights=(weights / counted.mean()).astype(np.float32))


def class_weights(labels: np.ndarray, weights: Mapping | str | None, given: Any = None) -> Any:
    """The weight of each sequence by its class, times those that were given.

    Args:
      labels: (size,).
      weights: {label: weight}, a label that is not in it weighs 1; "balanced", where every class
        weighs the same in all: size / (classes * its size), as in scikit-learn; or None.
      given: sample weights (size,), or None.

    Raises:
      UserError: a weight is for no label.
    """
    if weights is None:
        return given
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    balanced = isinstance(weights, str) and weights == "balanced"
    if not balanced and not isinstance(weights, Mapping):
        told = repr(weights) if isinstance(weights, str) else f"of type {type(weights).__name__}"
        raise UserError(f"class_weight is {told}; give balanced, or a dict of weights")
    if balanced:
        of = len(labels) / (len(classes) * counts)
    else:
        known = {label: place for place, label in enumerate(classes.tolist())}
        of = np.ones(len(classes))
        for label, weight in weights.items():
            if label not in known:
                raise UserError(f"class_weight: {label!r} is none of the labels in y")
            of[known[label]] = weight
    return of[codes] * (1 if given is None else np.asarray(given))


def is_list(value: Any) -> bool:
    """Whether it is a list of rows: also as an array of objects."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    return isinstance(value, (list, tuple)) or kind == "O"


def _numbers(value: Any, where: str) -> np.ndarray:
    """An array of numbers."""
    try:
        array = np.asarray(value)
        if array.dtype == object:
            array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: {error}; numbers are needed") from error
    if array.dtype.kind not in "biuf":
        raise UserError(f"{where} is of type {array.dtype}; numbers are needed")
    return array


def _check_rows(rows: list[np.ndarray], name: str) -> None:
    if not rows:
        raise UserError(f"{name} is empty; give at least one sequence")
    for i, row in enumerate(rows):
        if row.ndim < 2 or not row.size:
            raise UserError(f"{name}: row {i:,} has shape {row.shape}; (time, width) is needed")
        if row.shape[1:] != rows[0].shape[1:]:
            alike = len({len(row) for row in rows}) == 1
            turned = "; the axes look like (channels, time): transpose each row" if alike else ""
            raise UserError(
                f"{name}: row {i:,} has shape {row.shape}, row 0 {rows[0].shape}; every step needs "
                f"the same width{turned}"
            )


def _steps(rows: list[np.ndarray], lengths: np.ndarray, name: str) -> list[np.ndarray]:
    """Targets of a list, checked; those of every step as (time, values)."""
    if len(rows) != len(lengths):
        raise UserError(f"{name} has {len(rows):,} rows, X {len(lengths):,}; give one for each")
    for i, row in enumerate(rows):
        if row.ndim != rows[0].ndim or row.shape[1:] != rows[0].shape[1:]:
            raise UserError(
                f"{name}: row {i:,} has shape {row.shape}, row 0 {rows[0].shape}; every row needs "
                "the same number of values"
            )
    sizes = np.array([len(row) for row in rows])
    wrong = sizes != lengths
    if not wrong.any():
        return [row[:, None] if row.ndim == 1 else row for row in rows]
    if len(set(sizes.tolist())) > 1:
        row = wrong.argmax()
        raise UserError(
            f"{name}: row {row:,} has {sizes[row]:,} steps, its sequence {lengths[row]:,}; give a "
            "number for every step"
        )
    return rows


def _lengths(inputs: np.ndarray, lengths: Any, name: str) -> np.ndarray:
    if lengths is None:
        return np.full(len(inputs), inputs.shape[1], np.int32)
    lengths = np.asarray(lengths)
    if lengths.shape != inputs.shape[:1]:
        raise UserError(
            f"lengths has shape {lengths.shape}, {name} {len(inputs):,} rows; give one for each"
        )
    wrong = ~((lengths >= 1) & (lengths <= inputs.shape[1]))
    if lengths.dtype.kind not in "iu" or wrong.any():
        row = wrong.argmax()
        raise UserError(
            f"lengths: row {row:,} is {lengths[row]}; whole numbers from 1 to {inputs.shape[1]:,}, "
            f"the time steps of {name}, are needed"
        )
    return lengths.astype(np.int32)


def _expect_shape(array: np.ndarray, expected: tuple, sequences: Sequences, name: str) -> None:
    if array.shape == expected:
        return
    size, time, *step = sequences.inputs.shape
    turned = array.ndim == 2 and len(step) == 1 and array.shape == (size, step[0]) != (size, time)
    raise UserError(
        f"{name} has shape {array.shape}, where X asks for {expected}"
        f"{TURNED.replace('the axes', 'the axes of X') if turned else ''}"
    )
