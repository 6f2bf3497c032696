"""Reads the tensors of a TorchScript archive without torch, and without running its code.

Such an archive is a zip file: `<name>/data.pkl`, a pickle of the tree of modules, whose tensors point to the files
`<name>/data/<key>`, plain little-endian values. A pickle can call anything that it names, so no name is
looked up here: the few names that a tree of tensors needs are mapped to the inert classes below; others are refused.
"""

import pickle
import zipfile
from collections.abc import Callable, Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

from synthserve_training.errors import DatasetError

Tensor = NDArray[np.float32]


def tensors(file: IO[bytes]) -> dict[str, Tensor]:
    """Reads all tensors, by their path in the tree of modules: `net/layers/conv/weight`.

    Raises:
        DatasetError: It is no such archive, or contains more than modules, plain values and contiguous float32 tensors.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            (tree,) = (name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl"))
            with archive.open(tree) as stream:
                root = _Unpickler(stream, archive, tree.removesuffix(".pkl")).load()
        return dict(_walk(root, ""))
    except Exception as error:  # a broken pickle can raise any
        raise DatasetError(f"this is no archive of tensors: {error}") from None


class _Module:
    """Any module: it only has the attributes that the pickle gives it."""


class _FloatStorage:
    """The type of the values in the pickle."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: IO[bytes], archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(stream)
        self._archive = archive
        self._folder = folder

    def find_class(self, module: str, name: str, /) -> type | Callable[..., object]:
        if module.startswith("__torch__."):
            return type(name, (_Module,), {})  # a new one: the pickle may write into it
        allowed: dict[tuple[str, str], type | Callable[..., object]] = {
            ("collections", "OrderedDict"): dict,  # the hooks of a tensor, always none
            ("torch", "FloatStorage"): _FloatStorage,
            ("torch._utils", "_rebuild_tensor_v2"): self._tensor,
            ("torch.jit._pickle", "build_intlist"): list,
        }
        if (found := allowed.get((module, name))) is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}, and only tensors are read")
        return found

    def persistent_load(self, pid: tuple[str, type, str, str, int], /) -> Tensor:
        kind, dtype, key, _, count = pid
        if (kind, dtype) != ("storage", _FloatStorage):
            raise pickle.UnpicklingError(f"it holds a {kind} of {dtype}, and only float32 is read")
        values = np.frombuffer(self._archive.read(f"{self._folder}/{key}"), "<f4")
        if len(values) != count:
            raise pickle.UnpicklingError(f"storage {key} holds {len(values):,} of {count:,} values")
        return values

    def _tensor(
        self, storage: Tensor, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_others: object
    ) -> Tensor:
        size = int(np.prod(shape))
        if strides != tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))):
            raise pickle.UnpicklingError(f"a tensor of the shape {shape} is not contiguous: its strides are {strides}")
        return storage[offset : offset + size].reshape(shape)


def _walk(module: object, path: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in vars(module).items():
        if isinstance(value, _Module):
            yield from _walk(value, f"{path}{name}/")
        elif isinstance(value, np.ndarray):
            yield f"{path}{name}", value
