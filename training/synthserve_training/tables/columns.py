"""What a recipe says about the columns of a table: their types, and how their values are written in the file."""

import enum
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from synthserve_training.components import OptionsBase


class ColumnType(enum.StrEnum):
    """What the values of a column are."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    """Few values that repeat; codes, too."""

    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    """A time of day, or a duration in hours, minutes and seconds."""

    TEXT = "text"
    """Texts that hardly repeat. They are never learnt as they are."""

    ID = "id"
    """Keys and codes that must stay text."""

    CONSTANT = "constant"
    """One value in all rows."""

    EMPTY = "empty"
    """No value in any row."""


_TEXTS = frozenset({ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.ID})


class Role(enum.StrEnum):
    """What becomes of a column."""

    LEARN = "learn"
    """The model learns it."""

    RULE = "rule"
    """A rule makes its values; nothing of the data is in them."""

    DROP = "drop"
    """The model does not have it."""


class ColumnOptions(OptionsBase):
    """A column of the source, and what becomes of it."""

    name: str = Field(min_length=1, description="Its name in the model; unique")
    source: str | None = Field(default=None, description="Its name in the source; default: the same")
    type: ColumnType
    role: Role = Field(default=Role.LEARN, description="learn, rule, or drop")
    missing: tuple[str, ...] = Field(
        default=(),
        description="Texts that mean a missing value, beside the empty cell. The first one is written in CSV",
    )
    unit: str = ""
    description: str = ""

    # How numbers are written.
    decimal_mark: str = Field(default=".", pattern=r"^[.,]$", description="decimal: what separates the fraction")
    grouping: str = Field(default="", max_length=1, description="Numbers: what separates thousands, such as a comma")
    prefix: str = Field(default="", description="Numbers: text before each value, such as $")
    suffix: str = Field(default="", description="Numbers: text behind each value, such as %")
    flags: tuple[str, ...] = Field(
        default=(), description="Numbers: letters or signs behind some values that are left out, such as p of 12345p"
    )
    parentheses: bool = Field(default=False, description="Numbers: (5) is -5")
    decimals: int | None = Field(default=None, ge=0, le=15, description="decimal: decimals of the values")
    fixed_decimals: bool = Field(default=False, description="decimal: each value has as many decimals, such as 1.50")
    digits: int = Field(default=0, ge=0, le=18, description="integer: leading zeros fill values up to so many digits")

    # How truth values are written.
    true: tuple[str, ...] = Field(default=(), description="boolean: texts of true. The first one is written in CSV")
    false: tuple[str, ...] = Field(default=(), description="boolean: texts of false. The first one is written in CSV")

    # How dates and times are written.
    patterns: tuple[str, ...] = Field(
        default=(),
        description="date, timestamp, time: patterns of %Y %m %d %H %M %S %f %y %b %B %p %I %j, or epoch:s, epoch:ms, "
        "epoch:us. The first one is written in CSV",
    )
    century: int | None = Field(default=None, description="%y: the first of the hundred years that it means")
    utc: bool = Field(default=False, description="timestamp: instants in UTC")

    values: tuple[str, ...] = Field(
        default=(), description="category: its values in their order. Default: by frequency"
    )
    templates: bool = Field(
        default=False,
        description="category, text, id: templates of its texts are learnt, such as AA-9999. Characters are random",
    )
    value: str | None = Field(default=None, description="constant: its value")
    rule: dict[str, Any] | None = Field(default=None, description="role = 'rule': the kind of rule, and its options")

    @model_validator(mode="after")
    def _rules_are_of_rule_columns(self) -> Self:
        if (self.rule is not None) != (self.role is Role.RULE):
            raise PydanticCustomError("rule", "a rule and role = 'rule' belong together: give both, or neither")
        return self

    @model_validator(mode="after")
    def _templates_are_of_learnt_texts(self) -> Self:
        if self.templates and (self.role is not Role.LEARN or self.type not in _TEXTS):
            raise PydanticCustomError(
                "templates", "templates are those of a learnt column of type category, text or id: leave them out"
            )
        return self

    @property
    def hides_values(self) -> bool:
        """Whether no value is in the model: a rule makes them, or templates of them are learnt."""
        return self.role is Role.RULE or self.templates

    @property
    def source_name(self) -> str:
        """Its name in the source."""
        return self.source or self.name
