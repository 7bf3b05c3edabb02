"""Compiled programs, kept in memory for the next run of the same kind.

Two experiments are of a kind if they differ in what programs take as arguments: the learning rate,
the seed, and what a task lists as `untraced`, as the scaling that it measured. So a search over
learning rates and folds compiles once.
"""

import collections
import threading
from collections.abc import Callable, Hashable
from typing import Any

import jax

MOST = 64  # programs that are kept: those used last

_kept: collections.OrderedDict[Hashable, Any] = collections.OrderedDict()
_lock = threading.Lock()


def keep(key: tuple, build: Callable[[], Any]) -> Any:
    """What `build()` gave for an equal key before, or gives now. It must depend on the key alone.

    What has no hash, as a setting that is a list, is built anew.
    """
    key = (*key, jax.config.jax_enable_x64)
    try:
        hash(key)
    except TypeError:
        return build()
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    built = build()
    with _lock:
        _kept[key] = built
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return built


def forget() -> None:
    """Drops them all: the next run compiles anew."""
    with _lock:
        _kept.clear()


def signature(tree: Any) -> tuple:
    """What a compiled program asks of its arguments: structure, shapes, types and devices."""
    leaves, structure = jax.tree.flatten(tree)
    return structure, tuple(
        (leaf.shape, str(leaf.dtype), getattr(leaf, "sharding", None)) for leaf in leaves
    )
