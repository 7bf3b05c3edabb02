"""Settings as frozen dataclasses: bounds on a field, text and JSON to a typed value and back.

Tasks, linen modules, optimizers and experiments are all dataclasses. A field declares its type,
its default and, through `setting`, the values it admits; everything here follows from that.
"""

import csv
import dataclasses
import difflib
import importlib
import itertools
import math
import pathlib
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

import numpy as np

from lstmjax.errors import UserError
from lstmjax.moved import module_now

LARGEST = 2**31 - 1  # whole number, so that a device's integers hold all
OWN_PACKAGE = __name__.split(".")[0]


def setting(default: Any, *, at_least: float | None = None, at_most: float | None = None) -> Any:
    """A dataclass field with a default and bounds, which `check` holds it to."""
    return dataclasses.field(default=default, metadata={"at_least": at_least, "at_most": at_most})


def fields(value: Any) -> list[dataclasses.Field]:
    """The fields of a dataclass or of its instance that are settings.

    Linen's own two are not, nor is what a field's metadata says is not `kept`.
    """
    return [
        f
        for f in dataclasses.fields(value)
        if f.init and f.name not in ("parent", "name") and f.metadata.get("kept", True)
    ]


def walk(value: Any, path: str = "") -> Iterator[tuple[str, dataclasses.Field, Any]]:
    """Every (path, field, value) below a dataclass, depth first: `model.features`, ..."""
    for field in fields(value):
        here, inner = f"{path}{field.name}", getattr(value, field.name)
        yield here, field, inner
        if dataclasses.is_dataclass(inner):
            yield from walk(inner, f"{here}.")


def check(value: Any, path: str = "") -> None:
    """Raises UserError where a field is outside the bounds it declares."""
    for where, field, inner in walk(value, path):
        for item in inner if isinstance(inner, tuple) else (inner,):
            if isinstance(item, (int, float)):
                low, high = field.metadata.get("at_least"), field.metadata.get("at_most")
                if low is not None and not item >= low:
                    raise UserError(f"{where} must be at least {low:g}, got {item!r}")
                if high is not None and not item <= high:
                    raise UserError(f"{where} must be at most {high:g}, got {item!r}")
                if isinstance(item, int) and not item <= LARGEST:
                    raise UserError(f"{where} must be at most {LARGEST:,}, got {item!r}")


def typed(value: Any, path: str = "") -> Any:
    """A dataclass whose settings are of their declared types: NumPy's scalars become Python's.

    Raises:
      UserError: a value does not fit its type.
    """
    new = {
        field.name: from_json(to_json(inner), field.type, f"{path}{field.name}")
        for field in fields(value)
        if not dataclasses.is_dataclass(inner := getattr(value, field.name))
    }
    parts = [field.name for field in fields(value) if field.name not in new]
    new |= {name: typed(getattr(value, name), f"{path}{name}.") for name in parts}
    return dataclasses.replace(value, **new)


def override(value: Any, assignment: str) -> Any:
    """A copy of a dataclass with one field changed by `path.to.field=text`.

    Raises:
      UserError: no such field (with the nearest name), or a text that does not fit its type.
    """
    path, equals, text = assignment.partition("=")
    if not equals:
        raise UserError(f"--set {assignment}: write it as key=value, as in model.features=64")
    return _replace_at(value, path.strip().split("."), text.strip(), path.strip())


def _replace_at(value: Any, names: list[str], text: str, path: str) -> Any:
    if not dataclasses.is_dataclass(value):
        raise UserError(f"--set {path}: {value!r} has no settings below it")
    field = {f.name: f for f in fields(value)}.get(names[0])
    if field is None:
        raise UserError(
            f"--set {path}: no setting {names[0]!r} in "
            f"{type(value).__name__}{_nearest(value, names[0])}"
        )
    inner = getattr(value, field.name)
    if len(names) > 1:
        new = _replace_at(inner, names[1:], text, path)
    elif dataclasses.is_dataclass(inner):
        new = _of_kind(inner, field.type, text, path)
    else:
        new = from_json(_read(text, field.type), field.type, f"--set {path}")
    return dataclasses.replace(value, **{field.name: new})


def _of_kind(value: Any, kind: Any, name: str, path: str) -> Any:
    """What takes a dataclass's place: a class by its name, with its defaults.

    It is one that the field may hold and that stands beside the value's own class: in its file, as
    the optimizers do, or in its package, as the cells do.
    """
    file = type(value).__module__
    beside = [c for c in vars(sys.modules[file]).values() if getattr(c, "__module__", "") == file]
    beside += vars(sys.modules[file.rpartition(".")[0] or file]).values()
    found = [c for c in beside if isinstance(c, type) and issubclass(c, kind) and c is not kind]
    kinds = {c.__name__: c for c in found if all(_has_default(f) for f in fields(c))}
    if name in kinds:
        return kinds[name]()
    below = ", ".join(f"{path}.{f.name}" for f in fields(value))
    ways = {"set one of": below, "set it to one of": ", ".join(sorted(kinds))}
    ways = [f"{told} {names}" for told, names in ways.items() if names]
    raise UserError(f"--set {path}: {'; or '.join(ways)}")


def _has_default(field: dataclasses.Field) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def _nearest(value: Any, name: str) -> str:
    known = [f.name for f in fields(value)]
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(known)}"


def _read(text: str, kind: Any) -> Any:
    """Text from a command line as the JSON value its type asks for; unreadable text as it is."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        options = typing.get_args(kind)
        if type(None) in options and text.lower() in ("none", "null"):
            return None
        return _read(text, next(option for option in options if option is not type(None)))
    if typing.get_origin(kind) is tuple:
        inner = _unwrap(text).rstrip(",")
        return (
            [_read(part.strip(), typing.get_args(kind)[0]) for part in _parts(inner)]
            if inner
            else []
        )
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    return text


def _parts(text: str) -> list[str]:
    """What commas part, but for those inside double quotes."""
    return next(csv.reader([text], skipinitialspace=True))


def _unwrap(text: str) -> str:
    """A list without its brackets, if the first of them is closed by the last."""
    inner = text[1:-1]
    depths = itertools.accumulate((c == text[0]) - (c == text[-1]) for c in inner)
    paired = text[:1] + text[-1:] in ("()", "[]") and min(depths, default=0) >= 0
    return inner if paired else text


def to_json(value: Any) -> Any:
    """Dataclasses as {"type": "module:Class", field: ...}; tuples as lists; NumPy's as Python's."""
    if dataclasses.is_dataclass(value):
        kind = type(value)
        return _named(kind) | {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def _named(kind: type) -> dict[str, str]:
    """A class as JSON names it; one from outside this package with the file that defines it."""
    name = {"type": f"{kind.__module__}:{kind.__qualname__}"}
    if kind.__module__.split(".")[0] == OWN_PACKAGE:
        return name
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return name | ({"file": str(pathlib.Path(file).resolve())} if file else {})


def from_json(value: Any, kind: Any, where: str) -> Any:
    """The inverse of `to_json`, checked against the declared type `kind`.

    Args:
      value: what `json.loads` gave.
      kind: a dataclass, int, float, str, bool, None, Any, Literal, a union or tuple[kind, ...].
      where: names the place in the message of an error.

    Raises:
      UserError: the value does not fit the type, or a field or class is unknown.
    """
    origin, options = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        if value in options:
            return value
        close = difflib.get_close_matches(str(value), [str(o) for o in options], n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UserError(
            f"{where} must be one of {', '.join(map(str, options))}, got {value!r}{hint}"
        )
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in options:
            return None
        return from_json(value, next(o for o in options if o is not type(None)), where)
    if origin is tuple:
        if not isinstance(value, list):
            raise UserError(f"{where} must be a list, got {value!r}")
        return tuple(from_json(item, options[0], f"{where}[{i}]") for i, item in enumerate(value))
    if isinstance(value, dict):
        return _dataclass_from_json(value, kind, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind not in (int, float, str, bool) or type(value) is not kind:
        raise UserError(f"{where} must be {_name(kind)}, got {value!r}")
    if kind is float and math.isnan(value):
        raise UserError(f"{where} must be a number, got nan")
    return value


def _name(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    return names.get(kind, f"a {getattr(kind, '__name__', kind)}")


def _dataclass_from_json(value: dict, kind: Any, where: str) -> Any:
    cls = _class_named(value.get("type"), value.get("file"), where)
    if not (dataclasses.is_dataclass(cls) and isinstance(kind, type) and issubclass(cls, kind)):
        raise UserError(f"{where} must be {_name(kind)}, got {value.get('type')!r}")
    known = {f.name: f for f in fields(cls)}
    for name in value.keys() - known.keys() - {"type", "file"}:
        raise UserError(f"{where}: no setting {name!r} in {cls.__name__}{_nearest(cls, name)}")
    inner = {
        name: from_json(value[name], field.type, f"{where}.{name}")
        for name, field in known.items()
        if name in value
    }
    try:
        return cls(**inner)
    except TypeError as error:
        raise UserError(f"{where}: {error}") from error


_handed_in: dict[str, type] = {}  # classes of the user's own, by their names


def hand_in(*classes: type) -> None:
    """Makes classes from outside this package known to what is restored from now on."""
    _handed_in.update({cls.__qualname__: cls for cls in classes})


def _class_named(path: Any, file: Any, where: str) -> type:
    """The class behind "module:Class". Imports nothing but this package's own modules.

    A checkpoint is data: to name a class in one must not be enough to run code from anywhere. A
    class of the user's own is found if its module is imported, or if it was handed in.
    """
    module, _, name = path.partition(":") if isinstance(path, str) else ("", "", "")
    module = module_now(module)
    own = module.split(".")[0] == OWN_PACKAGE
    if own and module not in sys.modules:
        try:
            importlib.import_module(module)
        except ImportError:
            pass
    cls = getattr(sys.modules.get(module), name, None)
    cls = cls or (None if own else _handed_in.get(name))
    if not isinstance(cls, type):
        remedy = f"--config={file}" if file else "--config and the file that defines it"
        raise UserError(
            f"{where} names the class {path!r}, which is not here; give {remedy}, in Python "
            "lstmjax.load(..., classes=[...]), or use the version that wrote it"
        )
    return cls


def differences(old: Any, new: Any) -> list[str]:
    """Where two dataclasses differ, one `path: old -> new` each."""
    before, after = dict(_leaves(to_json(old))), dict(_leaves(to_json(new)))
    return [
        f"{path}: {_brief(before.get(path, 'absent'))} -> {_brief(after.get(path, 'absent'))}"
        for path in before | after
        if before.get(path, "absent") != after.get(path, "absent")
    ]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "file" and "type" in value:
                continue  # where a class is defined makes no other experiment
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."
