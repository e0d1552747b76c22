"""Reads float tensors from PyTorch's file format of before version 1.6, with the standard library alone.

Such a file is four pickles (a magic number, a version, facts about the machine, the object) and a list of keys, followed by the
values: for each key, the number of values as 8 bytes and the values, little-endian. In the object, a tensor is a call that names a
key, an offset, a shape and strides. Written after torch/serialization.py (`_legacy_load`).

A pickle can name any function to be called. Here only the three names that tensors need are known; any other ends the reading.
"""

import pickle
import struct
from collections import OrderedDict
from typing import Any, BinaryIO, Dict, Tuple

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
FLOAT_BYTES = 4
FLOAT_STORAGE = "FloatStorage"


class Storage:
    """A run of 32-bit floats that tensors lie in; `data` is filled when the file has been read to its end."""

    def __init__(self, size: int):
        self.size = size
        self.data = b""


class Tensor:
    """A tensor whose values lie in their storage one after the other."""

    def __init__(self, storage: Storage, offset: int, shape: Tuple[int, ...], strides: Tuple[int, ...], *_: Any):
        expected = 1
        for size, stride in zip(reversed(shape), reversed(strides)):
            if stride != expected:
                raise pickle.UnpicklingError("a tensor is not contiguous")
            expected *= size
        if len(shape) != len(strides) or not 0 <= offset <= offset + expected <= storage.size:
            raise pickle.UnpicklingError("a tensor does not lie in its storage")
        self.shape = tuple(shape)
        self._storage, self._offset, self._count = storage, offset, expected

    def values(self) -> bytes:
        """The values in row-major order as little-endian 32-bit floats."""
        return self._storage.data[self._offset * FLOAT_BYTES : (self._offset + self._count) * FLOAT_BYTES]


class Unpickler(pickle.Unpickler):
    """Knows the names that a dictionary of float tensors consists of, and no others."""

    KNOWN = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): Tensor,
        ("torch", "FloatStorage"): FLOAT_STORAGE,
    }

    def __init__(self, file: BinaryIO):
        super().__init__(file)
        self.storages: Dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.KNOWN:
            raise pickle.UnpicklingError(f"the checkpoint names {module}.{name}, which tensors do not need")
        return self.KNOWN[module, name]

    def persistent_load(self, pid: Any) -> Storage:
        kind, storage_type, key, _device, size, view = pid
        if kind != "storage" or storage_type is not FLOAT_STORAGE or view is not None:
            raise pickle.UnpicklingError("the checkpoint holds something else than tensors of 32-bit floats")
        return self.storages.setdefault(key, Storage(size))


def load(file: BinaryIO) -> Any:
    """The object in the file. Raises `pickle.UnpicklingError` if it is not a file of float tensors."""
    if Unpickler(file).load() != MAGIC or Unpickler(file).load() != VERSION:
        raise pickle.UnpicklingError("not a checkpoint of PyTorch's format of before version 1.6")
    if Unpickler(file).load().get("little_endian") is not True:
        raise pickle.UnpicklingError("the checkpoint is not little-endian")
    unpickler = Unpickler(file)
    result = unpickler.load()
    for key in Unpickler(file).load():
        storage = unpickler.storages[key]
        (size,) = struct.unpack("<q", file.read(8))
        storage.data = file.read(size * FLOAT_BYTES)
        if size != storage.size or len(storage.data) != size * FLOAT_BYTES:
            raise pickle.UnpicklingError("the checkpoint is cut off")
    return result
