"""Computes samples: a pure function of model, seed, index range and conditions."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.errors import GraphError
from synthserve_server.runtime.model import LATENT, UNSET, Arrays, Column, ColumnType, Image, Model, Tensor, outputs
from synthserve_server.runtime.noise import latents

PACKET = 4
"""The batch sizes that a CPU graph is run with are multiples of this.

onnxruntime computes Log, Sin, Softplus, double Exp and others four values at a time and the rest of the tensor one by
one, with another rounding. In whole packets no value is ever part of such a rest, so none depends on its batch.
"""


class Graph(Protocol):
    """What the sampler needs of a session."""

    @property
    def fixed_batch(self) -> bool:
        """Whether results are only reproducible when every run has the same batch size."""

    def run(self, feeds: Arrays, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        """Runs the graph and returns its outputs by name."""


def sample(
    model: Model,
    graph: Graph,
    seed: int,
    start: int,
    count: int,
    conditions: Mapping[str, int],
    cancellation: Cancellation,
) -> dict[str, NDArray[Any]]:
    """Computes the samples `[start, start + count)`.

    Args:
        model: What to compute.
        graph: The session that holds the model's graph.
        seed: From 0 to 2^63 - 1.
        start: The index of the first sample.
        count: How many samples; 0 is allowed.
        conditions: Condition name to the index of its category; the missing ones are not set.
        cancellation: Checked before every piece of at most `model.batch_size` samples.

    Returns:
        The graph's outputs by name, `[count, ...]` each.

    Raises:
        CancelledWorkError: Nobody waits for the result any more.
        GraphError: The graph gave an output of a wrong shape or type, or a category code that is none.
    """
    expected = outputs(model)
    pieces = []
    for first, size, low, high in _pieces(start, start + count, model.batch_size, fixed=graph.fixed_batch):
        cancellation.check()
        feeds: dict[str, NDArray[Any]] = {LATENT: latents(seed, first, size, model.latent_shape)}
        for condition in model.conditions:
            feeds[condition.input] = np.full(size, conditions.get(condition.name, UNSET), np.int64)
        results = graph.run(feeds, cancellation)
        for name, tensor in expected.items():
            _check_shape(name, results[name], tensor, size)
        pieces.append({name: results[name][low - first : high - first] for name in expected})
    arrays = _joined(pieces, expected)
    if not isinstance(model.output, Image):
        for column in model.output.columns:
            _check_codes(column, arrays)
    return arrays


def _pieces(start: int, stop: int, batch_size: int, *, fixed: bool) -> Iterator[tuple[int, int, int, int]]:
    """Cuts `[start, stop)` at fixed indices.

    Yields for each piece the index and number of the samples to compute, in whole packets, and the range `[low, high)`
    of those that were asked for.
    """
    grain = batch_size if fixed or batch_size < PACKET else PACKET
    piece = batch_size - batch_size % grain
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
