"""Rules of other columns of the same row: `reference`, and addresses of the Internet made of names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from synthserve.v1 import schema_pb2
from synthserve_training import problems
from synthserve_training.errors import RecipeError
from synthserve_training.models.onnx_graph import Value
from synthserve_training.models.rules import texts
from synthserve_training.models.rules.contract import Output
from synthserve_training.models.rules.kinds.base import Maker, RuleOptions, Texts, UniqueOptions, text_schema
from synthserve_training.models.rules.kinds.people import LocaleOptions
from synthserve_training.models.rules.locales import folding, methods
from synthserve_training.models.rules.patterns.building import repetition, sequence
from synthserve_training.models.rules.patterns.nodes import NOTHING, Listed, Pattern
from synthserve_training.models.rules.scope import Scope
from synthserve_training.models.rules.texts import Gaps, Text

_BYTES = {
    "upper": np.array([ord(chr(code).upper()) if code < 128 else code for code in range(256)], np.uint8),
    "lower": np.array([ord(chr(code).lower()) if code < 128 else code for code in range(256)], np.uint8),
    "folded": folding.folded_bytes(),
}
"""What becomes of each byte of a text."""


def _described(name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
    """The schema of a column.

    Raises:
        RecipeError: It is not made before.
    """
    if name not in schemas:
        meant = problems.did_you_mean(name, schemas)
        raise RecipeError(f"from: {name!r} is no column that is made before this one{meant}")
    return schemas[name]


def _width(name: str, column: schema_pb2.Column) -> int:
    """The most bytes of a value of a column.

    Raises:
        RecipeError: The column has no texts.
    """
    if column.type == schema_pb2.COLUMN_TYPE_STRING:
        return column.max_bytes
    if column.type == schema_pb2.COLUMN_TYPE_CATEGORY:
        return max(1, *(len(text.encode()) for text in column.categories))
    raise RecipeError(f"the column {name!r} has no texts: use columns of texts or categories")


def _validity(scope: Scope, names: tuple[str, ...]) -> Value | None:
    """Whether none of some columns of the row is missing."""
    found = None
    for name in dict.fromkeys(names):
        one = scope.row.columns[name].validity
        if one:
            found = scope.graph.op("And", found, one) if found else one
    return found


@dataclass(frozen=True)
class _Copied:
    """The values of one other column, of any type."""

    column: str
    uniforms: int = 0
    uses_index: bool = False

    @property
    def references(self) -> tuple[str, ...]:
        """See Maker."""
        return (self.column,)

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
        """See Maker."""
        column = schema_pb2.Column()
        column.CopyFrom(_described(self.column, schemas))
        column.name = name
        return column

    def make(self, scope: Scope) -> Output:
        """See Maker."""
        return scope.row.columns[self.column]


@dataclass(frozen=True)
class _Joined:
    """The texts of other columns, side by side.

    Attributes:
        references: The columns.
        prefix: Text before them.
        separator: Text between two of them.
        behind: Texts behind them.
        change: What is done to each text: another case, or the letters of e-mail addresses.
        locale: For e-mail addresses: how letters are written.
    """

    references: tuple[str, ...]
    prefix: str
    separator: str
    behind: Texts
    change: Literal["upper", "lower", "folded"] | None = None
    locale: str = "en_US"

    @property
    def uniforms(self) -> int:
        """See Maker."""
        return self.behind.uniforms

    @property
    def uses_index(self) -> bool:
        """See Maker."""
        return self.behind.uses_index

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
        """See Maker."""
        column = text_schema(name, self._width(schemas))
        column.nullable = any(schemas[each].nullable for each in self.references)
        return column

    def make(self, scope: Scope) -> Output:
        """See Maker."""
        graph, parts, before = scope.graph, [], self.prefix
        for name in self.references:
            parts += [texts.literal(scope, before)] if before else []
            parts.append(self._changed(scope, name))
            before = self.separator
        if self.behind.pattern != NOTHING:
            parts.append(self.behind.text(scope))
        joined = texts.widened(graph, texts.closed(graph, texts.joined(graph, parts)), self._width(scope.row.schemas))
        return Output(joined.value, _validity(scope, self.references))

    def _width(self, schemas: Mapping[str, schema_pb2.Column]) -> int:
        width = sum(_width(each, _described(each, schemas)) for each in self.references)
        width += len(self.prefix.encode()) + len(self.separator.encode()) * (len(self.references) - 1)
        return width + (self.behind.pattern.width if self.behind.pattern != NOTHING else 0)

    def _changed(self, scope: Scope, name: str) -> Text:
        """A column's texts; those of a list are changed at export."""
        column, output = scope.row.schemas[name], scope.row.columns[name]
        width = _width(name, column)
        if column.type == schema_pb2.COLUMN_TYPE_CATEGORY:
            return texts.picked(scope.graph, [self._written(text) for text in column.categories], output.values)
        if self.change == "folded" and output.drawn:
            return texts.picked(scope.graph, [self._written(text) for text in output.drawn.texts], output.drawn.index)
        text = Text(output.values, width, Gaps.END)
        return texts.translated(scope.graph, text, _BYTES[self.change]) if self.change else text

    def _written(self, text: str) -> str:
        if self.change == "folded":
            return folding.folded(text, methods.replacements(self.locale))[: len(text.encode())] or "x"
        changed = bytes(_BYTES[self.change][np.frombuffer(text.encode(), np.uint8)]) if self.change else text.encode()
        return changed.decode()


class Reference(RuleOptions):
    """A copy of another column, or the texts of several ones, side by side.

    The value is missing where one of them is.
    """

    from_: tuple[str, ...] = Field(alias="from", min_length=1, max_length=16, description="The columns")
    prefix: str = Field(default="", max_length=256)
    separator: str = Field(default="", max_length=256)
    suffix: str = Field(default="", max_length=256)
    case: Literal["upper", "lower"] | None = Field(
        default=None, description="Upper or lower case of the letters A to Z"
    )

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        if len(self.from_) == 1 and not (self.prefix or self.suffix or self.case):
            return _Copied(self.from_[0])
        return _Joined(self.from_, self.prefix, self.separator, Texts(Listed((self.suffix,))), self.case)


class UserName(LocaleOptions, UniqueOptions):
    """Names of users, of a first name, a last name, and a number in half of them."""

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        return Texts.of(_user_names(self.locale), self, column)


class Email(LocaleOptions, UniqueOptions):
    """E-mail addresses at domains that are nobody's, of random names or of the names in other columns."""

    from_: tuple[str, ...] = Field(
        default=(),
        alias="from",
        max_length=4,
        description="Columns of names. The address is missing where one of them is",
    )
    domains: tuple[str, ...] = Field(
        default=("example.com", "example.net", "example.org"), min_length=1, max_length=1000
    )

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        domain = Listed(tuple(dict.fromkeys(f"@{domain}" for domain in self.domains)))
        if not self.from_:
            return Texts.of(sequence([_user_names(self.locale), domain]), self, column)
        # Names repeat; a number behind them does not.
        digits = repetition(Listed(tuple("0123456789")), *[len(str(self.rows - 1))] * 2)
        behind = Texts.of(sequence([digits, domain] if self.unique else [domain]), self, column)
        return _Joined(self.from_, "", ".", behind, "folded", self.locale)


class Url(LocaleOptions):
    """Web addresses of the top-level domain `example`, which is nobody's."""

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        words = _folded(self.locale, "word")
        return Texts(sequence([Listed(("https://", "https://www.")), words, Listed((".example/",)), words]))


def _user_names(locale: str) -> Pattern:
    numbers = tuple(str(number) for number in range(1, 100))
    return sequence(
        [
            _folded(locale, "first_name"),
            Listed((".", "_")),
            _folded(locale, "last_name"),
            Listed(("", *numbers), (float(len(numbers)), *[1.0] * len(numbers))),
        ]
    )


def _folded(locale: str, method: str) -> Listed:
    """The texts of a list in the letters a to z; of scripts without them, English ones."""
    found = methods.listed(locale, method)
    shares: dict[str, float] = {}
    for text, weight in zip(found.texts, found.weights or (1.0,) * found.size, strict=True):
        if written := folding.folded(text, methods.replacements(locale)):
            shares[written] = shares.get(written, 0.0) + weight
    if 2 * len(shares) < found.size:
        return _folded("en_US", method)
    return Listed(tuple(shares), tuple(shares.values()))
