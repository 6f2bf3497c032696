"""Rounds a trained network to whole numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthserve_training.errors import ExportError
from synthserve_training.models.autoregressive.exact.weights import (
    EMBEDDING_STEP,
    LARGEST_ACTIVATION,
    LARGEST_STATE,
    MOST_CODES,
    STEPS,
    ExactHead,
)
from synthserve_training.models.autoregressive.tokens import Encoded, Token
from synthserve_training.models.autoregressive.weights import HeadWeights, Weights

_ROWS = 4_096
_LARGEST_WEIGHT = 127
_LARGEST_EMBEDDING = 2**15 - 1
_EXACT = 2**24
"""float32 has all whole numbers up to this one."""

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
    scale = _power(LARGEST_STATE / largest)
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
        _require(_sum(head.first, LARGEST_STATE) < _EXACT, "a hidden layer")
        _require(_sum(head.second, LARGEST_ACTIVATION) < _EXACT, "a hidden layer")
        scores = _sum(head.last, 2 * LARGEST_ACTIVATION)
        unit = _unit(*head.last)
        if head.context_scores is not None:
            scores += float(np.abs(head.context_scores).max()) / unit
        if head.class_kernel is not None:
            nothing = np.zeros(head.class_kernel.shape[1], np.float32)
            smaller = min(unit, _unit(head.class_kernel))
            scores = scores * unit / smaller + _sum((head.class_kernel, nothing), 2 * LARGEST_ACTIVATION)
        # Two scores are subtracted from each other.
        _require(scores < _EXACT / 2, "a score")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ExportError(
            f"{what} may exceed the largest whole number that is exact: give a smaller size, or exact = false"
        )


def _sum(layer: tuple[NDArray[np.float32], NDArray[np.float32]], largest: int) -> float:
    """The largest sum that a layer may make, in units of its smallest binary place."""
    kernel, biases = layer
    sums = np.abs(kernel.astype(np.float64)).sum(axis=0) * largest + np.abs(biases)
    return float(sums.max()) / _unit(kernel, biases)


def _unit(*arrays: NDArray[np.float32]) -> float:
    """The largest power of two, at most 1, of which all numbers are multiples."""
    unit = 1.0
    while any((np.mod(array.astype(np.float64), unit) != 0).any() for array in arrays):
        unit /= 2
    return unit


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
    added = np.maximum(hidden @ head.second[0] + head.second[1], 0)
    largest = max(float(np.quantile(np.concatenate([hidden, added]), _REACH)), 1e-6)
    inner = _power(LARGEST_ACTIVATION / largest)
    return ExactHead(
        embeddings.astype(np.float32),
        _layer(*head.first, scale, inner),
        _layer(*head.second, inner, inner),
        _layer(*head.last, inner, STEPS),
        None if head.context_scores is None else np.rint(head.context_scores * STEPS).astype(np.float32),
        None if head.class_kernel is None else _layer(head.class_kernel, np.zeros(1, np.float32), inner, STEPS)[0],
    )


def _layer(
    kernel: NDArray[np.float32], biases: NDArray[np.float32], source: float, target: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A layer whose inputs have `source` units to one, and whose outputs have `target`."""
    # A kernel of small numbers gets no finer scale than its biases allow, which share it.
    scale = min(_power(_LARGEST_WEIGHT / max(float(np.abs(kernel).max()), 1e-6)), target / source * _FINEST)
    unit = target / (scale * source)
    whole = np.rint(biases.astype(np.float64) * scale * source)
    return _rounded(kernel, scale, _LARGEST_WEIGHT) * np.float32(unit), (whole * unit).astype(np.float32)


def _rounded(values: NDArray[np.float32], scale: float, largest: int) -> NDArray[np.float32]:
    rounded: NDArray[np.float32] = np.clip(np.rint(values * np.float32(scale)), -largest, largest)
    return rounded


def _power(number: float) -> float:
    """The largest power of two that is at most as large."""
    return float(2.0 ** np.floor(np.log2(number)))
