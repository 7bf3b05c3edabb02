"""What a task runs on: arrays, on the devices or on the host, and the sizes of the splits."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax.sharding import Mesh

from lstmjax import devices

Gather = Callable[[Any, str, np.ndarray], Any]  # as `Task.gather`
Shape = tuple[int, ...]  # what a batch is padded to: (time,), or (source time, target time)


class Buckets(NamedTuple):
    """Examples of unequal length, each padded to one of a handful of shapes."""

    shapes: tuple[Shape, ...]  # ascending
    of: dict[str, np.ndarray]  # (size,) of each split: which shape example i is padded to
    steps: dict[str, int]  # steps of all examples of a split together, without padding


class Data(NamedTuple):
    """What a task runs on: arrays (a pytree, put on the device) and examples in each split.

    Arrays that are `on_host` are not put on the device: `picked` sends what is read next.
    A size of None means that the examples never run out; no buckets, that all are of one shape.
    Sizes without `test` mean that a run is scored on its validation split.
    """

    arrays: Any
    sizes: dict[str, int | None]
    buckets: Buckets | None = None
    mesh: Mesh | None = None  # the devices that batches are spread over; none: not decided yet
    on_host: bool = False
    # Of a curriculum: the training examples come in as many parts, each read in its part of a run.
    stages: int = 1

    def placed(self, batch_size: int) -> "Data":
        """The data on the devices that suit a batch. Decided once: data that has a place stays."""
        if self.mesh is not None:
            return self
        mesh = devices.mesh(batch_size)
        if self.on_host:
            return self._replace(mesh=mesh)
        arrays = devices.put(self.arrays, devices.everywhere(mesh))
        return self._replace(arrays=arrays, mesh=mesh)

    def picked(
        self, gather: Gather, split: str, *indices: np.ndarray
    ) -> tuple[Any, Sequence[np.ndarray]]:
        """The arrays, on the devices, that hold the examples at `indices`, and where in them.

        Args:
          gather: of the task.
          split: of the examples.
          *indices: arrays of any shape.
        """
        if not self.on_host:
            return self.arrays, indices
        arrays = gather(self.arrays, split, np.concatenate([part.ravel() for part in indices]))
        ends = np.cumsum([part.size for part in indices], dtype=np.int32)
        places = [
            np.arange(end - part.size, end, dtype=np.int32).reshape(part.shape)
            for part, end in zip(indices, ends, strict=True)
        ]
        return devices.put(arrays, devices.everywhere(self.mesh)), places

    @property
    def scored(self) -> str:
        """The split whose scores a run reports."""
        return "test" if "test" in self.sizes else "valid"

    @property
    def shapes(self) -> tuple[Shape | None, ...]:
        """What batches are padded to; None: the one shape that all have."""
        return (None,) if self.buckets is None else self.buckets.shapes
