"""Puts patterns together. A small one is written out as one list, which is one look-up in the graph."""

from collections.abc import Sequence

from synthserve_training.models.rules.patterns.nodes import (
    NOTHING,
    Chain,
    Either,
    Listed,
    Pattern,
    Repeated,
    Slotted,
    Weights,
)

_MOST_TEXTS = 1024
_MOST_BYTES = 16_384


def sequence(parts: Sequence[Pattern]) -> Pattern:
    """One pattern behind the other."""
    flat: list[Pattern] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Chain) else [part] if part != NOTHING else [])
    merged: list[Pattern] = []
    for part in flat:
        before = merged[-1] if merged else None
        if isinstance(before, Listed) and isinstance(part, Listed) and _is_small(before.size * part.size, before, part):
            merged[-1] = _product(before, part)
        else:
            merged.append(part)
    if not merged:
        return NOTHING
    return merged[0] if len(merged) == 1 else Chain(tuple(merged))


def alternatives(options: Sequence[Pattern], weights: Weights = None) -> Pattern:
    """One of several patterns."""
    if len(options) == 1:
        return options[0]
    shares = weights or (1.0,) * len(options)
    lists = [option for option in options if isinstance(option, Listed)]
    if len(lists) < len(options) or not _is_small(
        sum(one.size for one in lists), max(lists, key=lambda one: one.width)
    ):
        return Slotted.of(options, weights) or Either(tuple(options), weights)
    words = [text for one in lists for text in one.texts]
    return Listed(tuple(words), _simple([w for one, s in zip(lists, shares, strict=True) for w in _shares(one, s)]))


def repetition(part: Pattern, low: int, high: int) -> Pattern:
    """A pattern again and again; each number of times is equally likely."""
    counts = range(low, high + 1)
    if part == NOTHING or high == 0:
        return NOTHING
    if isinstance(part, Listed) and len(counts) > 1 and _is_small_repetition(part, counts):
        return alternatives([sequence([part] * count) for count in counts])
    if low == high == 1:
        return part
    if not isinstance(part, Listed):
        return Repeated(part, low, high)
    fixed = sequence(_run(part, low))
    return sequence([fixed, Repeated(part, 0, high - low)]) if high > low else fixed


def _run(part: Listed, count: int) -> list[Pattern]:
    """A list several times, with several of them written out as one list: fewer numbers are drawn."""
    chunk, length = part, 1
    while length < count and _is_small(chunk.size * part.size, chunk, part):
        chunk, length = _product(chunk, part), length + 1
    several, rest = divmod(count, length)
    return (
        [*([Repeated(chunk, several, several)] if several > 1 else [chunk] * several), *_run(part, rest)]
        if count
        else []
    )


def _is_small_repetition(part: Listed, counts: range) -> bool:
    size = 0
    for count in counts:
        size += part.size**count
        if not _is_small(size, *[part] * count):
            return False
    return True


def _is_small(size: int, *parts: Pattern) -> bool:
    return size <= _MOST_TEXTS and size * sum(part.width for part in parts) <= _MOST_BYTES


def _product(left: Listed, right: Listed) -> Listed:
    words = tuple(a + b for a in left.texts for b in right.texts)
    if left.weights is None and right.weights is None:
        return Listed(words)
    return Listed(words, _simple([a * b for a in _shares(left, 1) for b in _shares(right, 1)]))


def _shares(one: Listed, total: float) -> list[float]:
    weights = one.weights or (1.0,) * one.size
    return [weight / sum(weights) * total for weight in weights]


def _simple(weights: list[float]) -> Weights:
    return None if max(weights) - min(weights) <= 1e-12 * max(weights) else tuple(weights)
