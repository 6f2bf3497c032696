"""Computes samples: a pure function of model, seed, index range and conditions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.errors import GraphError
from synthserve_server.runtime.model import LATENT, UNSET, Arrays, Column, ColumnType, Image, Model, Tensor, outputs
from synthserve_server.runtime.noise import latents


class Graph(Protocol):
    """What the sampler needs of a session."""

    def run(self, feeds: Arrays, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        """Runs the graph and returns its outputs by name."""


@dataclass(frozen=True)
class Draw:
    """Which samples to compute.

    Attributes:
        model: What to compute.
        graph: The session that holds the model's graph.
        seed: From 0 to 2^63 - 1.
        start: The index of the first sample.
        count: How many samples; 0 is allowed.
        conditions: Condition name to the index of its category; the missing ones are not set.
    """

    model: Model
    graph: Graph
    seed: int
    start: int
    count: int
    conditions: Mapping[str, int] = field(default_factory=dict)

    @property
    def packets(self) -> tuple[int, int]:
        """The range of indices that whole packets around the samples cover."""
        packet = self.model.packet
        return self.start - self.start % packet, -(-(self.start + self.count) // packet) * packet

    def shares(self, size: int) -> bool:
        """Whether one run of the graph can compute the samples beside `size` others."""
        low, high = self.packets
        return 0 < high - low <= self.model.batch_size - size


def sample(draw: Draw, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
    """Computes samples.

    Args:
        draw: Which ones.
        cancellation: Checked before every piece of at most `model.batch_size` samples.

    Returns:
        The graph's outputs by name, `[count, ...]` each.

    Raises:
        CancelledWorkError: Nobody waits for the result any more.
        GraphError: The graph gave an output of a wrong shape or type, or a category code that is none.
    """
    model = draw.model
    pieces = []
    stop = draw.start + draw.count
    for first, size, low, high in _pieces(draw.start, stop, model):
        results = run(model, draw.graph, _feeds(draw, first, size), size, cancellation)
        pieces.append({name: array[low - first : high - first] for name, array in results.items()})
    arrays = _joined(pieces, outputs(model))
    check_codes(model, arrays)
    return arrays


def sample_together(draws: Sequence[Draw], cancellation: Cancellation) -> list[dict[str, NDArray[Any]]]:
    """Computes the samples of several draws of one graph in one run of it: the same values as each would get alone.

    Args:
        draws: At least one; they can share a run, see `Draw.shares`.
        cancellation: Of all of them.

    Returns:
        For each draw the graph's outputs by name, `[count, ...]` each. Category codes are yet to be checked.

    Raises:
        CancelledWorkError: Nobody waits for any of the results any more.
        GraphError: The graph gave an output of a wrong shape or type.
    """
    ranges = [draw.packets for draw in draws]
    fed = [_feeds(draw, low, high - low) for draw, (low, high) in zip(draws, ranges, strict=True)]
    feeds = {name: np.concatenate([feeds[name] for feeds in fed]) for name in fed[0]}
    results = run(draws[0].model, draws[0].graph, feeds, len(feeds[LATENT]), cancellation)
    found, base = [], 0
    for draw, (low, high) in zip(draws, ranges, strict=True):
        first = base + draw.start - low
        found.append({name: array[first : first + draw.count] for name, array in results.items()})
        base += high - low
    return found


def run(model: Model, graph: Graph, feeds: Arrays, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
    """Runs a graph.

    Args:
        model: What the graph must give.
        graph: The session that holds it.
        feeds: Its inputs by name, `[size, ...]` each.
        size: How many samples.
        cancellation: Ends the run.

    Returns:
        The graph's outputs by name, `[size, ...]` each.

    Raises:
        CancelledWorkError: Nobody waits for the result any more.
        GraphError: The graph failed, or gave an output of a wrong shape or type.
    """
    cancellation.check()
    expected = outputs(model)
    results = graph.run(feeds, cancellation)
    for name, tensor in expected.items():
        _check_shape(name, results[name], tensor, size)
    return {name: results[name] for name in expected}


def check_codes(model: Model, arrays: Arrays) -> None:
    """Checks that category codes are ones.

    Raises:
        GraphError: One is not.
    """
    if not isinstance(model.output, Image):
        for column in model.output.columns:
            _check_codes(column, arrays)


def _feeds(draw: Draw, first: int, size: int) -> dict[str, NDArray[Any]]:
    feeds: dict[str, NDArray[Any]] = {LATENT: latents(draw.seed, first, size, draw.model.latent_shape)}
    for condition in draw.model.conditions:
        feeds[condition.input] = np.full(size, draw.conditions.get(condition.name, UNSET), np.int64)
    return feeds


def _pieces(start: int, stop: int, model: Model) -> Iterator[tuple[int, int, int, int]]:
    """Cuts `[start, stop)` at fixed indices.

    Yields for each piece the index and number of the samples to compute, in whole packets, and the range `[low, high)`
    of those that were asked for.
    """
    size = model.batch_size
    grain = min(size, model.packet)
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


def _check_codes(column: Column, arrays: Arrays) -> None:
    if column.type is not ColumnType.CATEGORY:
        return
    codes = arrays[column.name]
    # Seen as unsigned, negative codes are large ones: one comparison finds both kinds.
    wrong = codes.view(np.uint32) >= len(column.categories)
    if column.nullable:
        wrong &= arrays[column.validity]
    if wrong.any():
        raise GraphError(
            f"the output {column.name!r} holds the category code {codes[wrong][0]}, "
            f"which is not from 0 to {len(column.categories) - 1}"
        )
