"""The kinds of constraints in a recipe: `[[constraints]]` with `kind` and the options of that kind."""

import datetime
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from synthserve_training.components import OptionsBase
from synthserve_training.errors import RecipeError
from synthserve_training.tables.constraints import expressions
from synthserve_training.tables.constraints.expressions import Expression

Names = Annotated[tuple[str, ...], Field(min_length=2)]
End: TypeAlias = int | float | str
"""The end of a range: a number; a date or a timestamp in ISO 8601."""


class _Options(OptionsBase):
    @model_serializer(mode="wrap")
    def _with_its_kind(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"kind": type(self).model_fields["kind"].default, **written(self)}

    @property
    def text(self) -> str:
        """What it says, in a few words."""
        raise NotImplementedError

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it is about."""
        raise NotImplementedError

    @property
    def derived(self) -> str | None:
        """The column whose values follow from the other ones; None: all are drawn."""
        return None


class _OfSeveral(_Options):
    columns: Names

    @field_validator("columns")
    @classmethod
    def _names_differ(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(columns)) < len(columns):
            raise PydanticCustomError("twice", "a column is named twice")
        return columns

    @property
    def names(self) -> tuple[str, ...]:
        """See base."""
        return self.columns


class Range(_Options):
    """A number, date or timestamp within limits; both ends are included."""

    kind: Literal["range"] = "range"
    column: str
    low: End | None = None
    high: End | None = None

    @field_validator("low", "high", mode="before")
    @classmethod
    def _as_text(cls, end: object) -> object:
        """TOML has dates of its own."""
        return end.isoformat() if isinstance(end, datetime.date) else end

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.low is None and self.high is None:
            raise PydanticCustomError("range", "give low, high, or both")
        return self

    @property
    def text(self) -> str:
        """Such as `0 <= age <= 120`."""
        low, high = (
            (f"{self.low} <= " if self.low is not None else ""),
            (f" <= {self.high}" if self.high is not None else ""),
        )
        return f"{low}{self.column}{high}"

    @property
    def names(self) -> tuple[str, ...]:
        """See base."""
        return (self.column,)


class Order(_OfSeveral):
    """Values that rise from one column to the next. Missing ones do not count."""

    kind: Literal["order"] = "order"
    strict: bool = Field(default=False, description="Equal values are forbidden")

    @property
    def text(self) -> str:
        """Such as `start <= end`."""
        return (" < " if self.strict else " <= ").join(self.columns)


class Combinations(_OfSeveral):
    """Categories that occur together only as they do in the data."""

    kind: Literal["combinations"] = "combinations"

    @property
    def text(self) -> str:
        """Such as `city, country have combinations of the data`."""
        return f"{', '.join(self.columns)} have combinations of the data"


class Dependency(_Options):
    """A column whose value another column decides, as it does in the data."""

    kind: Literal["dependency"] = "dependency"
    key: str
    column: str

    @property
    def text(self) -> str:
        """Such as `code decides name`."""
        return f"{self.key} decides {self.column}"

    @property
    def names(self) -> tuple[str, ...]:
        """See base."""
        return (self.key, self.column)

    @property
    def derived(self) -> str | None:
        """See base."""
        return self.column


class Sum(_Options):
    """A total and its parts, of which none is negative. Where one of them is missing, the last part has to be."""

    kind: Literal["sum"] = "sum"
    parts: Names
    total: str

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len(set(self.names)) < len(self.names):
            raise PydanticCustomError("twice", "a column is named twice")
        return self

    @property
    def text(self) -> str:
        """Such as `a + b = total`."""
        return f"{' + '.join(self.parts)} = {self.total}"

    @property
    def names(self) -> tuple[str, ...]:
        """See base."""
        return (self.total, *self.parts)

    @property
    def derived(self) -> str | None:
        """The last part is what remains."""
        return self.parts[-1]


class Formula(_Options):
    """A number that is computed from other columns, and missing where one of them is."""

    kind: Literal["formula"] = "formula"
    column: str
    formula: str = Field(
        min_length=1,
        description="Of numbers, columns, + - * /, round(x, decimals), floor(x), year(x), month(x), day(x), hour(x), "
        'minute(x), weekday(x), years(from, to), days(from, to), and column("a name that is no word")',
    )

    @field_validator("formula")
    @classmethod
    def _is_readable(cls, formula: str) -> str:
        try:
            expressions.parse(formula)
        except RecipeError as error:
            raise PydanticCustomError("formula", "{error}", {"error": str(error)}) from None
        return formula

    @property
    def expression(self) -> Expression:
        """What the formula says."""
        return expressions.parse(self.formula)

    @property
    def text(self) -> str:
        """Such as `price = net * 1.2`."""
        return f"{self.column} = {self.formula}"

    @property
    def names(self) -> tuple[str, ...]:
        """See base."""
        return (*expressions.columns(self.expression), self.column)

    @property
    def derived(self) -> str | None:
        """See base."""
        return self.column


class OneHot(_OfSeveral):
    """Truth values, or numbers 0 and 1, of which exactly one is true."""

    kind: Literal["one-hot"] = "one-hot"

    @property
    def text(self) -> str:
        """Such as `one of red, green, blue`."""
        return f"exactly one of {', '.join(self.columns)}"


class Side(OptionsBase):
    """Something that a column is or is not: one of some values, missing, or present."""

    column: str
    values: tuple[str, ...] = Field(default=(), description="It is one of these, as texts")
    missing: bool = Field(default=False, description="It is missing. Without values, false means: it is not")

    @property
    def text(self) -> str:
        """Such as `state is AT or missing`."""
        named = [*self.values, *(["missing"] if self.missing else [])]
        return f"{self.column} is {' or '.join(named) if named else 'not missing'}"


class Implication(_Options):
    """Where a column is something, another one is, too."""

    kind: Literal["implication"] = "implication"
    when: Side
    then: Side

    @model_validator(mode="after")
    def _columns_differ(self) -> Self:
        if self.when.column == self.then.column:
            raise PydanticCustomError("twice", "`when` and `then` are about the same column")
        return self

    @property
    def text(self) -> str:
        """Such as `where smoker is no, packs is missing`."""
        return f"where {self.when.text}, {self.then.text}"

    @property
    def names(self) -> tuple[str, ...]:
        """See base."""
        return (self.when.column, self.then.column)


class Unique(_Options):
    """A column in which no two rows have the same value: one with such a rule."""

    kind: Literal["unique"] = "unique"
    column: str

    @property
    def text(self) -> str:
        """Such as `id is unique`."""
        return f"{self.column} is unique"

    @property
    def names(self) -> tuple[str, ...]:
        """See base."""
        return (self.column,)


Constraint: TypeAlias = Annotated[
    Range | Order | Combinations | Dependency | Sum | Formula | OneHot | Implication | Unique,
    Field(discriminator="kind"),
]
"""A constraint of a recipe."""
