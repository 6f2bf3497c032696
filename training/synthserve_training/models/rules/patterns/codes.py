"""Numbers the texts of a pattern, so that a permuted index makes each of them once."""

import math
from dataclasses import dataclass
from functools import cached_property

from synthserve_training.models.onnx_graph import Value
from synthserve_training.models.rules import texts
from synthserve_training.models.rules.patterns.nodes import Chain, Pattern, Repeated, coded_parts
from synthserve_training.models.rules.scope import Scope
from synthserve_training.models.rules.texts import Text


@dataclass(frozen=True)
class PartlyCoded:
    """A chain of which some parts come from a place, and the others are drawn: for more texts than a place can number.

    Attributes:
        parts: The parts, and whether each comes from the place.
    """

    parts: tuple[tuple[Pattern, bool], ...]

    @cached_property
    def size(self) -> int:
        """How many places there are."""
        return math.prod(part.size for part, is_coded in self.parts if is_coded)

    @property
    def width(self) -> int:
        """See Pattern."""
        return sum(part.width for part, _ in self.parts)

    @property
    def uniforms(self) -> int:
        """How many uniform numbers the parts take that are drawn."""
        return sum(part.uniforms for part, is_coded in self.parts if not is_coded)

    def coded(self, scope: Scope, code: Value) -> Text:
        """See Pattern."""
        made = iter(coded_parts(scope, [part for part, is_coded in self.parts if is_coded], code))
        return texts.joined(
            scope.graph, [next(made) if is_coded else part.drawn(scope) for part, is_coded in self.parts]
        )


def partly_coded(pattern: Pattern, most: int) -> PartlyCoded:
    """Numbers texts of a pattern of any size: as many of its parts as `most` places allow come from the place."""
    parts, size = [], 1
    for part in [pattern] if pattern.size <= most else _factors(pattern):
        is_coded = size * part.size <= most
        size *= part.size if is_coded else 1
        parts.append((part, is_coded))
    return PartlyCoded(tuple(parts))


def _factors(pattern: Pattern) -> list[Pattern]:
    if isinstance(pattern, Chain):
        return [factor for part in pattern.parts for factor in _factors(part)]
    if isinstance(pattern, Repeated) and pattern.low:
        rest = pattern.high - pattern.low
        return [*[pattern.part] * pattern.low, *([Repeated(pattern.part, 0, rest)] if rest else [])]
    return [pattern]
