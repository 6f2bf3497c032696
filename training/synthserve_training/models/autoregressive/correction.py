"""Corrects the scores of a trained network so that what it draws has the marginals of the data.

A network that is trained on real rows draws from its own earlier draws, and small errors add up along the columns.
The correction draws many rows, token by token, and shifts the scores of each token by the logarithm of the share that
its codes should have over the share that they get, before the next token is drawn. The shares are means of
probabilities over rows, which have less noise than counts of draws.
"""

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import UNKNOWN, Encoded, Token
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.models.autoregressive.weights import HeadWeights, Weights
from synthserve_training.types import Progress, no_progress

_ROWS = 131_072
_ROUNDS = 4
_MASKED = np.float32(-1e9)


def corrected(
    code: TableCode,
    weights: Weights,
    rows: Encoded,
    seed: int,
    count: int = _ROWS,
    *,
    progress: Progress = no_progress,
) -> list[HeadWeights]:
    """Corrects weights.

    Args:
        code: The tokens.
        weights: Of the trained network.
        rows: The rows whose marginals count.
        seed: Of the rows that are drawn.
        count: How many rows are drawn.
        progress: Called after each token.
    """
    generator = np.random.default_rng(seed)
    found = list(weights)
    state = np.zeros((count, weights[0].embeddings.shape[1]), np.float32)
    state += np.sum([each.embeddings[0] for each in weights], axis=0)
    token = 0
    for column in code.columns:
        codes: list[NDArray[np.int64]] = []
        for index in range(len(column.tokens)):
            has = np.ones(count, np.bool_)
            context = np.zeros(count, np.int64)
            if index:
                has, context = column.context(index, np.stack(codes, axis=1))
            found[token], drawn = _one(code, found[token], token, state, has, context, rows, generator)
            row = code.tokens[token].row(np.where(has, drawn, UNKNOWN), context)
            state += found[token].embeddings[row] - found[token].embeddings[0]
            codes.append(drawn)
            token += 1
            progress("correcting", token, len(found))
    return found


def _one(
    code: TableCode,
    weights: HeadWeights,
    index: int,
    state: NDArray[np.float32],
    has: NDArray[np.bool_],
    context: NDArray[np.int64],
    rows: Encoded,
    generator: np.random.Generator,
) -> tuple[HeadWeights, NDArray[np.int64]]:
    """Corrects the scores of one token, and draws it."""
    token = code.tokens[index]
    scores = head_scores(token, weights, state, context)
    real = rows.codes[:, index]
    if token.learned and weights.context_scores is not None:
        shift = _context_shift(token.size, scores, has, context, real, rows.contexts[:, index], token.contexts)
        scores = scores + shift[context]
        weights = weights.raised_in_context(shift)
    elif has.any() and (real >= 0).any():
        shift = _shift(scores[has], _shares(real[real >= 0], token.size))
        scores = scores + shift
        weights = weights.raised(shift)
    return weights, draw(scores, generator)


def _shift(scores: NDArray[np.float32], wanted: NDArray[np.float64]) -> NDArray[np.float32]:
    """What to add to scores, [n, size], so that the mean probabilities are those that are wanted, [size]."""
    shift = np.zeros(len(wanted), np.float32)
    for _ in range(_ROUNDS):
        got = softmax(scores + shift).mean(axis=0, dtype=np.float64)
        step = np.log(np.maximum(wanted, 1e-9)) - np.log(np.maximum(got, 1e-9))
        shift += np.where(wanted > 0, np.clip(step, -2, 2), 0).astype(np.float32)
    return shift


def _context_shift(
    size: int,
    scores: NDArray[np.float32],
    has: NDArray[np.bool_],
    context: NDArray[np.int64],
    real: NDArray[np.int32],
    real_context: NDArray[np.int32],
    contexts: int,
) -> NDArray[np.float32]:
    """As `_shift`, for each context of its own: [contexts, size]."""
    shift = np.zeros((contexts, size), np.float32)
    order = np.argsort(np.where(has, context, contexts), kind="stable")
    bounds = np.searchsorted(np.where(has, context, contexts)[order], np.arange(contexts + 1))
    for one in range(contexts):
        mine = real[(real_context == one) & (real >= 0)]
        drawn = order[bounds[one] : bounds[one + 1]]
        if len(mine) and len(drawn):
            shift[one] = _shift(scores[drawn], _shares(mine, size))
    return shift


def _shares(codes: NDArray[np.int32], size: int) -> NDArray[np.float64]:
    counts: NDArray[np.float64] = np.bincount(codes, minlength=size).astype(np.float64)
    counts /= counts.sum()
    return counts


def head_scores(
    token: Token, weights: HeadWeights, state: NDArray[np.float32], context: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The scores of a token in natural logarithms, float32 [n, K], of running sums [n, H] and contexts [n]."""
    hidden = weights.hidden(state)
    scores = hidden @ weights.last[0] + weights.last[1]
    if weights.context_scores is not None:
        scores = scores + weights.context_scores[context]
    if token.classes is not None and weights.class_kernel is not None:
        classes = token.classes[context].astype(np.int64)
        scores = scores + np.take_along_axis(hidden @ weights.class_kernel, classes, axis=1)
    scores = scores / np.float32(weights.units)
    return scores if token.allowed is None else scores + np.where(token.allowed, np.float32(0), _MASKED)[context]


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis."""
    powers: NDArray[np.float32] = np.exp(scores - scores.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def draw(scores: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.int64]:
    """Draws codes by scores, [n, size] to [n].

    The uniform numbers are stratified over the rows, so that shares come out closer than with independent ones.
    """
    count = len(scores)
    uniform = (generator.permutation(count) + generator.random(count)) / count
    sums = np.cumsum(softmax(scores), axis=1, dtype=np.float64)
    passed = sums <= (uniform * (1 - 2.0**-23) * sums[:, -1])[:, None]
    codes: NDArray[np.int64] = passed.sum(axis=1).astype(np.int64)
    return codes
