"""PyTorch's `.pt` files without PyTorch: a zip with one pickle, and the bytes of each array.

Reading runs no foreign code: the pickle may name only what tensors are made of. What is written,
`torch.load(path, weights_only=True)` reads.
"""

import collections
import io
import math
import pathlib
import pickle
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from lstmjax.errors import UserError
from lstmjax.files import read_bytes, write_bytes

STORAGES = {
    "DoubleStorage": np.dtype("float64"),
    "FloatStorage": np.dtype("float32"),
    "HalfStorage": np.dtype("float16"),
    "BFloat16Storage": np.dtype(jnp.bfloat16),
    "LongStorage": np.dtype("int64"),
    "IntStorage": np.dtype("int32"),
    "ShortStorage": np.dtype("int16"),
    "CharStorage": np.dtype("int8"),
    "ByteStorage": np.dtype("uint8"),
    "BoolStorage": np.dtype("bool"),
}
ALIGNMENT = 64  # bytes, of each array in the file, as PyTorch writes them


class _Storage(NamedTuple):
    dtype: np.dtype


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """The tensors of a file by name; a tensor inside dictionaries is `outer.inner`.

    Raises:
      UserError: no such file, not one of PyTorch's, damaged, or it holds more than tensors.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path, "weights"))) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise UserError(f"{path} is a zip, but none that PyTorch wrote: no data.pkl")
            content = _Unpickler(archive, pickles[0].removesuffix("data.pkl"), path).load()
    except UserError:
        raise
    except zipfile.BadZipFile:
        raise UserError(
            f"{path} is no zip, so PyTorch 1.6 or later did not write it: load it in PyTorch and "
            "save its state_dict() again"
        ) from None
    except Exception as error:  # a pickle that was tampered with raises of every kind
        raise UserError(f"{path} is damaged ({type(error).__name__}: {error})") from error
    found: dict[str, np.ndarray] = {}
    _collect(content, "", found)
    if not found:
        raise UserError(f"{path} holds no tensors: save a model's state_dict()")
    return found


def _collect(value: Any, name: str, found: dict[str, np.ndarray]) -> None:
    if isinstance(value, np.ndarray):
        found[name] = value
    elif isinstance(value, dict):
        for key, inner in value.items():
            _collect(inner, f"{name}.{key}" if name else str(key), found)


class _Unpickler(pickle.Unpickler):
    """Admits tensors and dictionaries of them, nothing else."""

    def __init__(self, archive: zipfile.ZipFile, folder: str, path: pathlib.Path):
        super().__init__(io.BytesIO(archive.read(f"{folder}data.pkl")))
        self._archive, self._folder, self._path = archive, folder, path
        order = f"{folder}byteorder"
        little = order not in archive.namelist() or archive.read(order).strip() == b"little"
        self._order = "<" if little else ">"

    def find_class(self, module: str, name: str) -> Any:
        """What the pickle may name."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in STORAGES:
            return _Storage(STORAGES[name])
        raise UserError(
            f"{self._path} holds a {module}.{name}, which is no tensor: load it in PyTorch and "
            "save the model's state_dict() alone"
        )

    def persistent_load(self, pid: Any) -> np.ndarray:
        """The array behind a storage: (numbers,)."""
        _, storage, key, _, count = pid
        content = self._archive.read(f"{self._folder}data/{key}")
        dtype = storage.dtype
        dtype = dtype if dtype.itemsize == 1 else dtype.newbyteorder(self._order)
        return np.frombuffer(content, dtype, count).astype(storage.dtype)


def _rebuild_tensor(
    storage: np.ndarray, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> np.ndarray:
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if min(size, default=1) == 0:
        return np.zeros(size, storage.dtype)
    if min(offset, *size, *stride, 0) < 0 or last >= storage.size:
        raise ValueError("a tensor that reaches beyond its storage")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps).copy()


def write(path: pathlib.Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays by name as a state_dict; the file appears whole or not at all.

    Raises:
      UserError: the file cannot be written.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:

        def put(name: str, data: bytes) -> None:
            entry = zipfile.ZipInfo(f"archive/{name}")
            # PyTorch maps files into memory: fill the header up, as PyTorch does
            begin = content.tell() + zipfile.sizeFileHeader + len(entry.filename) + 4
            fill = -begin % ALIGNMENT
            entry.extra = b"FB" + struct.pack("<H", fill) + b"Z" * fill
            archive.writestr(entry, data)

        put("data.pkl", _state_dict(arrays))
        put("byteorder", b"little")
        for key, array in enumerate(arrays.values()):
            ordered = np.ascontiguousarray(array)
            put(f"data/{key}", ordered.astype(_little(ordered.dtype), copy=False).tobytes())
        put("version", b"3\n")
    write_bytes(path, content.getvalue())


def _little(dtype: np.dtype) -> np.dtype:
    return dtype if dtype.itemsize == 1 or dtype == jnp.bfloat16 else dtype.newbyteorder("<")


def _state_dict(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The pickle of an OrderedDict of tensors, whose classes are named without being here."""
    names = {dtype: name for name, dtype in STORAGES.items()}

    def plain(value: Any) -> bytes:
        return pickle.dumps(value, 2)[2:-1]  # without the protocol and the stop

    def tensor(key: int, array: np.ndarray) -> bytes:
        sizes = array.shape
        strides = tuple(math.prod(sizes[i + 1 :]) for i in range(array.ndim))
        kind = b"ctorch\n" + names[array.dtype].encode() + b"\n"
        storage = b"(" + plain("storage") + kind + plain(str(key)) + plain("cpu")
        storage += plain(array.size) + b"tQ"
        parts = b"(" + storage + plain(0) + plain(sizes) + plain(strides) + plain(False) + empty
        return b"ctorch._utils\n_rebuild_tensor_v2\n" + parts + b"tR"

    empty = b"ccollections\nOrderedDict\n)R"
    items = b"".join(
        plain(name) + tensor(key, array) for key, (name, array) in enumerate(arrays.items())
    )
    return b"\x80\x02" + empty + b"(" + items + b"u."
