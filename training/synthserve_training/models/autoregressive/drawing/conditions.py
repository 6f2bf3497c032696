"""What a request's conditions mean for a column: which codes it leaves, and the embedding of that evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.drawing.heads import MASKED
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value

_LEAST = 1e-30

_PARTS = 2**24
"""Shares are rounded to multiples of one over this."""


@dataclass(frozen=True)
class Told:
    """Evidence on a column.

    Attributes:
        embedding: float32 [1, H].
        mask: float32 [K, 1]: what is added to the scores of the first token.
    """

    embedding: Value
    mask: Value


def unknown(weights: Sequence[HeadWeights]) -> NDArray[np.float32]:
    """The embedding of a column without evidence, [1, H]."""
    embedding: NDArray[np.float32] = np.sum([each.embeddings[:1] for each in weights], axis=0)
    return embedding


def told(
    graph: GraphBuilder,
    weights: Sequence[HeadWeights],
    shares: NDArray[np.float32],
    left: Value,
    is_unset: Value,
    rest: Value | None = None,
) -> Told:
    """The evidence that only some codes of the first token are left.

    Args:
        graph: Where the nodes go.
        weights: Of the column's tokens.
        shares: [K], of the codes in the training rows.
        left: float32 [1, K]: how much of each code is left, from 0 to 1.
        is_unset: bool [1, 1]: whether there is no condition.
        rest: float32 [1, H]: the embedding of the other tokens; None: unknown.
    """
    first = weights[0].embeddings.astype(np.float64)
    # Whole numbers, so that their sums do not depend on the order.
    wanted = (shares.astype(np.float64) + 1e-6)[None] * _PARTS
    weight = graph.op("Round", graph.op("Mul", graph.cast(left, np.float64), graph.constant(wanted)))
    total = graph.op("Max", graph.sum(weight, 1, keep=True), graph.constant(_LEAST, np.float64))
    mean = graph.op("Div", graph.op("MatMul", weight, graph.constant(first[1:])), total)
    if step := weights[0].embedding_step:
        whole = graph.op("Round", graph.op("Div", mean, graph.constant(step, np.float64)))
        mean = graph.op("Mul", whole, graph.constant(step, np.float64))
    mean = graph.cast(mean, np.float32)
    others = np.sum([each.embeddings[:1] for each in weights[1:]], axis=0) if weights[1:] else None
    if rest is not None:
        mean = graph.op("Add", mean, rest)
    elif others is not None:
        mean = graph.op("Add", mean, graph.constant(others))
    embedding = graph.op("Where", is_unset, graph.constant(unknown(weights)), mean)
    return Told(embedding, graph.op("Transpose", log_share(graph, left)))


def log_share(graph: GraphBuilder, share: Value) -> Value:
    """The logarithms of shares, float32; `MASKED` where they are 0.

    They are computed in double precision, so that, rounded to units of whole scores, they are the same everywhere.
    """
    logs = graph.op("Log", graph.op("Max", graph.cast(share, np.float64), graph.constant(_LEAST, np.float64)))
    possible = graph.op("Greater", share, graph.constant(np.float32(0)))
    return graph.op("Where", possible, graph.cast(logs, np.float32), graph.constant(np.float32(MASKED)))
