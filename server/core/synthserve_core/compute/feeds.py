"""Builds the inputs of a graph from their roles."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve_core.compute import noise
from synthserve_core.contract.conditions import Settings
from synthserve_core.contract.model import Arrays, Data, Distribution, Given, Index, Method, Noise

_DRAWN = {Distribution.NORMAL: noise.normal, Distribution.UNIFORM: noise.uniform}


def feeds(
    method: Method, seed: int, start: int, count: int, settings: Settings, data: Arrays, first: int
) -> dict[str, NDArray[Any]]:
    """The inputs for the samples `[start, start + count)`.

    Args:
        method: The method whose graph takes the inputs.
        seed: From 0 to 2^63 - 1.
        start: The index of the first sample.
        count: How many samples.
        settings: Graph inputs by condition name: `[1, ...]`, or `[samples, ...]` where each sample has its own; absent
            conditions are unset.
        data: Data inputs by key, `[samples, ...]` each.
        first: The sample index of the first row of `settings` and `data`. Samples outside their range only fill
            packets; they get unset conditions and zeros.

    Returns:
        The tensors by name.
    """
    found: dict[str, NDArray[Any]] = {}
    for name, role in method.inputs.items():
        match role:
            case Noise():
                found[name] = _DRAWN[role.distribution](seed, start, count, role.shape, role.stream)
            case Index():
                found[name] = _indices(start, count)
            case Given():
                given = settings.get(role.condition.name, role.condition.unset)
                found[name] = given if role.shared else _rows(given, role.condition.unset, start - first, count)
            case Data():
                found[name] = _rows(data[role.key], data[role.key][:0], start - first, count)
    return found


def shared(method: Method, settings: Settings) -> Mapping[str, NDArray[Any]]:
    """The inputs that all samples of a run share; runs can be merged only when these are equal."""
    return {
        name: settings.get(role.condition.name, role.condition.unset)
        for name, role in method.inputs.items()
        if isinstance(role, Given) and role.shared
    }


def _indices(start: int, count: int) -> NDArray[np.int64]:
    # Indices that fill the last packet can exceed the largest int64.
    return (np.arange(count, dtype=np.uint64) + np.uint64(start)).view(np.int64)


def _rows(values: NDArray[Any], unset: NDArray[Any], start: int, count: int) -> NDArray[Any]:
    """The rows `[start, start + count)` of `values`; rows that it does not have are `unset`, or zeros."""
    if len(values) == 1 and len(unset) == 1:  # one value for every sample
        return np.ascontiguousarray(np.broadcast_to(values, (count, *values.shape[1:])))
    low, high = max(start, 0), min(start + count, len(values))
    if (low, high) == (start, start + count):
        return values[low:high]
    rows = np.zeros((count, *values.shape[1:]), values.dtype)
    if len(unset):
        rows[:] = unset
    rows[low - start : high - start] = values[low:high]
    return rows
