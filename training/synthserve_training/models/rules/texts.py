"""Texts in a graph: uint8 [batch, width], UTF-8, in which a zero byte is a gap and no character.

Texts are joined with their gaps, side by side, and one pass over the bytes closes all gaps at the end.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import whole
from synthserve_training.models.rules.scope import Scope

_NARROW = 80
"""Up to this width a product with a triangular matrix counts bytes faster than onnxruntime's CumSum. Both are exact."""


class Gaps(enum.IntEnum):
    """Where a text can have gaps."""

    NONE = 0
    END = 1
    ANYWHERE = 2


@dataclass(frozen=True)
class Text:
    """A text of each row.

    Attributes:
        value: uint8 [batch, width].
        width: Its bytes with gaps.
        gaps: Where it can have gaps.
    """

    value: Value
    width: int
    gaps: Gaps


def table(texts: Sequence[str]) -> NDArray[np.uint8]:
    """A list of texts as uint8 [n, width], each padded with zeros; the width is at least 1."""
    encoded = [text.encode() for text in texts]
    width = max(1, *map(len, encoded)) if encoded else 1
    return np.frombuffer(b"".join(each.ljust(width, b"\0") for each in encoded), np.uint8).reshape(len(encoded), width)


def gaps_of(texts: Sequence[str]) -> Gaps:
    """Where texts of a list have gaps."""
    lengths = {len(text.encode()) for text in texts}
    return Gaps.NONE if len(lengths) == 1 and 0 not in lengths else Gaps.END


def picked(graph: GraphBuilder, texts: Sequence[str], index: Value) -> Text:
    """Texts of a list, by an index [batch]."""
    bytes_ = table(texts)
    return Text(graph.op("Gather", graph.constant(bytes_), index), bytes_.shape[1], gaps_of(texts))


def literal(scope: Scope, text: str) -> Text:
    """The same text in each row."""
    bytes_ = table([text])
    shape = scope.graph.op("Concat", scope.batch, scope.graph.constant([bytes_.shape[1]], np.int64), axis=0)
    return Text(scope.graph.op("Expand", scope.graph.constant(bytes_), shape), bytes_.shape[1], gaps_of([text]))


def joined(graph: GraphBuilder, parts: Sequence[Text]) -> Text:
    """Puts texts side by side."""
    if len(parts) == 1:
        return parts[0]
    value = graph.op("Concat", *(part.value for part in parts), axis=1)
    inner = any(part.gaps for part in parts[:-1])
    return Text(value, sum(part.width for part in parts), Gaps.ANYWHERE if inner else parts[-1].gaps)


def selected(scope: Scope, options: Sequence[Text], choice: Value) -> Text:
    """One of several texts.

    Args:
        scope: The rule's.
        options: The texts.
        choice: Which one, int32 or int64 [batch].
    """
    graph, width = scope.graph, max(option.width for option in options)
    stacked = graph.op("Concat", *(widened(graph, option, width).value for option in options), axis=1)
    rows = graph.op("Reshape", stacked, graph.constant([-1, width], np.int64))
    first = graph.op("Mul", scope.positions, graph.constant(len(options), np.int64))
    index = graph.op("Add", first, graph.cast(choice, np.int64))
    equal = all(option.width == width for option in options)
    gaps = max(*(option.gaps for option in options), Gaps.NONE if equal else Gaps.END)
    return Text(graph.op("Gather", rows, index), width, gaps)


def closed(graph: GraphBuilder, text: Text) -> Text:
    """Moves all gaps to the end."""
    if text.gaps is not Gaps.ANYWHERE:
        return text
    is_byte = graph.cast(graph.cast(text.value, np.bool_), np.int32)
    if text.width <= _NARROW:
        before = graph.constant(np.triu(np.ones((text.width, text.width))), np.float32)
        places = graph.cast(graph.op("MatMul", graph.cast(is_byte, np.float32), before), np.int32)
    else:
        places = graph.op("CumSum", is_byte, graph.constant(1, np.int64))
    # Bytes are written to places from 1; gaps write their zero to place 0, which is cut off.
    target = graph.op("Mul", places, is_byte)
    empty = graph.op("Pad", graph.op("BitwiseXor", text.value, text.value), graph.constant([0, 1, 0, 0], np.int64))
    written = graph.op("ScatterElements", empty, target, text.value, axis=1)
    return Text(graph.slice(written, 1, text.width + 1, 1), text.width, Gaps.END)


def decimal(scope: Scope, value: Value, digits: int, least: int) -> Text:
    """Whole numbers in decimal.

    Args:
        scope: The rule's.
        value: float64 [batch], from 0 to before 10^digits.
        digits: The most digits, at most 15.
        least: Leading zeros fill numbers up to so many digits.
    """
    graph, parts, rest = scope.graph, [], value
    for left in range(digits, 0, -3):
        count = min(3, left)
        rest, remainder = whole.divided(graph, rest, 10**count) if left > count else (rest, rest)
        parts.append(picked(graph, [f"{each:0{count}}" for each in range(10**count)], graph.cast(remainder, np.int32)))
    text = joined(graph, parts[::-1])
    if least >= digits or digits == 1:
        return text
    # A digit is shown if the number is at least its power of ten; the last ones always.
    powers = [10.0**place if place >= max(1, least) else 0.0 for place in range(digits - 1, -1, -1)]
    smallest = graph.constant([powers], np.float64)
    shown = graph.op("GreaterOrEqual", graph.op("Unsqueeze", value, graph.constant([1], np.int64)), smallest)
    visible = graph.op("Where", shown, text.value, graph.constant(0, np.uint8))
    return Text(visible, digits, Gaps.ANYWHERE)


def translated(graph: GraphBuilder, text: Text, mapping: NDArray[np.uint8]) -> Text:
    """Replaces each byte by that of a mapping, uint8 [256]; zero removes it."""
    value = graph.op("Gather", graph.constant(mapping), graph.cast(text.value, np.int32))
    return Text(value, text.width, Gaps.ANYWHERE if not mapping[1:].all() else text.gaps)


def widened(graph: GraphBuilder, text: Text, width: int) -> Text:
    """Adds gaps at the end up to a width."""
    if text.width == width:
        return text
    padded = graph.op("Pad", text.value, graph.constant([0, 0, 0, width - text.width], np.int64))
    return Text(padded, width, max(text.gaps, Gaps.END))
