"""Computes samples: a pure function of model, seed, index range, conditions and data inputs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthserve_core.compute import feeds
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.checks import check_values
from synthserve_core.contract.conditions import Settings
from synthserve_core.contract.model import Arrays, Key, Method, MethodKind, Model, Tensor, Tensors
from synthserve_core.errors import GraphError


class Graph(Protocol):
    """The part of a session that the sampler uses."""

    def run(self, feeds: Tensors, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        """Runs the graph for a batch of `size` samples and returns its outputs by name."""


@dataclass(frozen=True)
class Draw:
    """Which samples to compute.

    Attributes:
        model: The model.
        graph: The session that holds the graph of the method.
        seed: From 0 to 2^63 - 1.
        start: The index of the first sample.
        count: How many samples; 0 is allowed.
        settings: Graph inputs by condition name, `[1, ...]` or `[count, ...]` each; absent conditions are unset.
        data: Data inputs by key, `[count, ...]` each; for methods that take data.
        kind: The method.
    """

    model: Model
    graph: Graph
    seed: int
    start: int
    count: int
    settings: Settings = field(default_factory=dict)
    data: Arrays = field(default_factory=dict)
    kind: MethodKind = MethodKind.GENERATE

    @property
    def method(self) -> Method:
        """The method that computes the samples."""
        return self.model.methods[self.kind]

    @property
    def packets(self) -> tuple[int, int]:
        """The index range of the whole packets that contain the samples."""
        packet = self.method.packet
        return self.start - self.start % packet, -(-(self.start + self.count) // packet) * packet

    def fits(self, size: int) -> bool:
        """Whether one run of the graph can compute the samples together with `size` others."""
        low, high = self.packets
        return 0 < high - low <= self.method.batch_size - size

    def can_join(self, other: "Draw") -> bool:
        """Whether one run can compute the samples of both, provided that they fit."""
        if self.graph is not other.graph:
            return False
        mine, others = feeds.shared(self.method, self.settings), feeds.shared(other.method, other.settings)
        return all(_same(mine[name], others[name]) for name in mine)

    def feeds(self, first: int, size: int) -> dict[str, NDArray[Any]]:
        """The inputs of the graph for the samples `[first, first + size)`."""
        return feeds.feeds(self.method, self.seed, first, size, self.settings, self.data, self.start)


def sample(draw: Draw, cancellation: Cancellation) -> dict[Key, NDArray[Any]]:
    """Computes samples.

    Args:
        draw: The samples to compute.
        cancellation: Checked before every run of at most `batch_size` samples.

    Returns:
        The outputs of the method by key, `[count, ...]` each.

    Raises:
        CancelledWorkError: The result is no longer wanted.
        GraphError: The graph gave an output of a wrong shape or type, or a value that its column does not allow.
    """
    method = draw.method
    pieces = []
    stop = draw.start + draw.count
    for first, size, low, high in _pieces(draw.start, stop, method):
        results = run(method, draw.graph, draw.feeds(first, size), size, cancellation)
        pieces.append({name: array[low - first : high - first] for name, array in results.items()})
    arrays = keyed(method, _joined(pieces, method.output_tensors))
    check_values(draw.model, arrays)
    return arrays


def sample_together(draws: Sequence[Draw], cancellation: Cancellation) -> list[dict[Key, NDArray[Any]]]:
    """Computes several draws of one graph in one run. Each draw gets the same values as it would alone.

    Args:
        draws: At least one; they must satisfy `Draw.can_join` and `Draw.fits`.
        cancellation: Ends the run.

    Returns:
        For each draw the outputs of the method by key, `[count, ...]` each. The values are not checked yet.

    Raises:
        CancelledWorkError: The results are no longer wanted.
        GraphError: The graph gave an output of a wrong shape or type.
    """
    method = draws[0].method
    ranges = [draw.packets for draw in draws]
    fed = [draw.feeds(low, high - low) for draw, (low, high) in zip(draws, ranges, strict=True)]
    together = {
        name: fed[0][name] if tensor.shared else np.concatenate([feeds[name] for feeds in fed])
        for name, tensor in method.input_tensors.items()
    }
    size = sum(high - low for low, high in ranges)
    results = run(method, draws[0].graph, together, size, cancellation)
    found, base = [], 0
    for draw, (low, high) in zip(draws, ranges, strict=True):
        first = base + draw.start - low
        found.append(keyed(method, {name: array[first : first + draw.count] for name, array in results.items()}))
        base += high - low
    return found


def run(method: Method, graph: Graph, feeds: Tensors, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
    """Runs a graph.

    Args:
        method: The method, which declares the outputs.
        graph: The session that holds the graph.
        feeds: Its inputs by name, `[size, ...]` each, or `[1, ...]` where they are shared.
        size: How many samples.
        cancellation: Ends the run.

    Returns:
        The graph's outputs by name, `[size, ...]` each.

    Raises:
        CancelledWorkError: The result is no longer wanted.
        GraphError: The graph failed, or gave an output of a wrong shape or type.
    """
    cancellation.check()
    results = graph.run(feeds, size, cancellation)
    for name, tensor in method.output_tensors.items():
        _check_shape(name, results[name], tensor, size)
    return {name: results[name] for name in method.output_tensors}


def keyed(method: Method, tensors: Tensors) -> dict[Key, NDArray[Any]]:
    """The outputs of a graph by key instead of by tensor name."""
    return {key: tensors[name] for name, key in method.outputs.items()}


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    # NaN, which asks for a missing value, is the same as NaN here.
    return one is other or np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def _pieces(start: int, stop: int, method: Method) -> Iterator[tuple[int, int, int, int]]:
    """Cuts `[start, stop)` at fixed indices.

    Yields for each piece the first index and the number of the samples to compute, in whole packets, and the range
    `[low, high)` of the requested ones.
    """
    size = method.batch_size
    grain = min(size, method.packet)
    piece = size - size % grain
    low = start
    while low < stop:
        high = min(stop, low - low % piece + piece)
        first = low - low % grain
        yield first, -(-high // grain) * grain - first, low, high
        low = high


def _joined(pieces: list[dict[str, NDArray[Any]]], expected: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    if len(pieces) == 1:
        return pieces[0]
    return {
        name: np.concatenate([piece[name] for piece in pieces])
        if pieces
        else np.empty((0, *tensor.shape), tensor.dtype)
        for name, tensor in expected.items()
    }


def _check_shape(name: str, array: NDArray[Any], tensor: Tensor, size: int) -> None:
    if array.dtype != tensor.dtype or array.shape != (size, *tensor.shape):
        raise GraphError(
            f"the output {name!r} is {array.dtype} {list(array.shape)}, "
            f"not {tensor.dtype} {[size, *tensor.shape]} as the manifest says"
        )
