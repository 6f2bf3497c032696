"""Rounds a trained network to whole numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthserve_training.errors import ExportError
from synthserve_training.models.autoregressive.exact.weights import (
    EMBEDDING_STEP,
    LARGEST_ACTIVATION,
    LARGEST_STATE,
    LARGEST_WEIGHT,
    MOST_CODES,
    STEPS,
    ExactHead,
    unit,
)
from synthserve_training.models.autoregressive.tokens import Encoded, Token
from synthserve_training.models.autoregressive.weights import HeadWeights, Weights

_ROWS = 4_096
_LARGEST_LAST = 127
"""The weights of scores, which float32 sums."""

_LARGEST_EMBEDDING = 2**15 - 1
_EXACT = 2**24
"""float32 has all whole numbers up to this one."""

_LARGEST_BIAS = 2**22
"""Of the units of its layer."""

_FINEST = 2**8
"""Weights are multiples of no less than one over this, in units of what their layer puts out."""

_REACH = 0.9999
"""The share of activations that are not cut off."""


def quantised(weights: Weights, tokens: Sequence[Token], rows: Encoded) -> list[ExactHead]:
    """Rounds weights, with scales that fit what they compute for some rows.

    Args:
        weights: Of a trained network.
        tokens: Its tokens.
        rows: Training rows.

    Raises:
        ExportError: A sum might not be exact, because the network is too wide or a weight too large.
    """
    every = max(1, len(rows.codes) // _ROWS)
    states = _states(weights, tokens, Encoded(rows.codes[::every], rows.contexts[::every]))
    largest = max(float(np.abs(state).max()) for state in states)
    scale = _power((LARGEST_STATE - 1) / largest)
    found = [_head(head, state, scale) for head, state in zip(weights, states, strict=True)]
    check(found)
    return found


def check(weights: Sequence[ExactHead]) -> None:
    """Checks that all sums are exact in float32, whatever the order in which they are made.

    Raises:
        ExportError: They might not be.
    """
    total = sum(float(np.abs(head.embeddings).max()) for head in weights) / EMBEDDING_STEP
    _require(total < _EXACT, "the running sum")
    for head in weights:
        _require(len(head.last[1]) <= MOST_CODES, "the sum of the weights of all codes")
        for layer, largest in ((head.first, LARGEST_STATE), (head.second, LARGEST_ACTIVATION)):
            step = unit(*layer)
            _require(_sum(*layer, largest) / step < _EXACT, "a hidden layer")
            _require(np.abs(layer[0]).max() / step <= LARGEST_WEIGHT, "the sum of two products of a hidden layer")
        parts = [*head.last]
        scores = _sum(*head.last, LARGEST_ACTIVATION)
        if head.context_scores is not None:
            parts.append(head.context_scores)
            scores += float(np.abs(head.context_scores).max())
        if head.class_kernel is not None:
            parts.append(head.class_kernel)
            scores += _sum(head.class_kernel, np.float32(0), LARGEST_ACTIVATION)
        # Two scores are subtracted from each other.
        _require(scores / min(unit(part) for part in parts) < _EXACT / 2, "a score")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ExportError(
            f"{what} may exceed the largest whole number that is exact: give a smaller size, or exact = false"
        )


def _sum(kernel: NDArray[np.float32], biases: NDArray[np.float32] | np.float32, largest: int) -> float:
    """The largest sum that a layer may make."""
    sums = np.abs(kernel.astype(np.float64)).sum(axis=0) * largest + np.abs(biases)
    return float(sums.max())


def _states(weights: Weights, tokens: Sequence[Token], rows: Encoded) -> list[NDArray[np.float32]]:
    """What each head sees of rows without evidence."""
    state = np.zeros((len(rows.codes), weights[0].embeddings.shape[1]), np.float32)
    state += np.sum([head.embeddings[0] for head in weights], axis=0)
    states = []
    for index, (head, token) in enumerate(zip(weights, tokens, strict=True)):
        states.append(state.copy())
        state += head.embeddings[token.row(rows.codes[:, index], rows.contexts[:, index])] - head.embeddings[0]
    return states


def _head(head: HeadWeights, state: NDArray[np.float32], scale: float) -> ExactHead:
    embeddings = _rounded(head.embeddings, scale / EMBEDDING_STEP, _LARGEST_EMBEDDING) * EMBEDDING_STEP
    hidden = np.maximum(state @ head.first[0] + head.first[1], 0)
    second = np.maximum(hidden @ head.second[0] + head.second[1], 0)
    inner, outer = _units_to_one(hidden, head.first[1]), _units_to_one(second, head.second[1])
    return ExactHead(
        embeddings.astype(np.float32),
        _layer(*head.first, scale, inner, LARGEST_WEIGHT),
        _layer(*head.second, inner, outer, LARGEST_WEIGHT),
        _layer(*head.last, outer, STEPS, _LARGEST_LAST),
        None if head.context_scores is None else np.rint(head.context_scores * STEPS).astype(np.float32),
        None
        if head.class_kernel is None
        else _layer(head.class_kernel, np.zeros(head.class_kernel.shape[1], np.float32), outer, STEPS, _LARGEST_LAST)[
            0
        ],
    )


def _units_to_one(activations: NDArray[np.float32], biases: NDArray[np.float32]) -> float:
    """The units of a layer's outputs that make 1: nearly all activations fit, and so do the biases."""
    reached = max(float(np.quantile(activations, _REACH)), 1e-6)
    return _power(min(LARGEST_ACTIVATION / reached, _LARGEST_BIAS / _largest(biases)))


def _layer(
    kernel: NDArray[np.float32], biases: NDArray[np.float32], source: float, target: float, largest: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A layer whose inputs have `source` units to one, and whose outputs have `target`."""
    # A kernel of small numbers gets no finer scale than its biases allow, which share it.
    finest = min(target / source * _FINEST, _LARGEST_BIAS / (_largest(biases) * source))
    scale = _power(min(largest / _largest(kernel), finest))
    step = target / (scale * source)
    whole = np.rint(biases.astype(np.float64) * scale * source)
    return (_rounded(kernel, scale, largest) * step).astype(np.float32), (whole * step).astype(np.float32)


def _largest(values: NDArray[np.float32]) -> float:
    return max(float(np.abs(values).max()), 1e-6)


def _rounded(values: NDArray[np.float32], scale: float, largest: int) -> NDArray[np.float64]:
    rounded: NDArray[np.float64] = np.clip(np.rint(values.astype(np.float64) * scale), -largest, largest)
    return rounded


def _power(number: float) -> float:
    """The largest power of two that is at most as large."""
    return float(2.0 ** np.floor(np.log2(number)))
