"""The recipe of a table: where its rows come from, what its columns are, and how they are learnt. One TOML file."""

import tomllib
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from synthserve_training import problems
from synthserve_training.components import Count, OptionsBase
from synthserve_training.errors import RecipeError
from synthserve_training.recipe import Card
from synthserve_training.tables.columns import ColumnOptions
from synthserve_training.tables.constraints.kinds import Constraint
from synthserve_training.tables.constraints.planning import plan


class SourceOptions(OptionsBase):
    """How a file is read. What is not given is found out."""

    address: str | None = Field(default=None, description="A file, a pattern of files, or an address such as s3://…")
    format: Literal["delimited", "json-lines", "parquet", "arrow", "excel", "database"] | None = None
    encoding: str | None = Field(default=None, description="As Python names it, such as utf-8 or cp1252")
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    quote: str | None = Field(default=None, max_length=1, description="Empty: nothing is quoted")
    comment: str | None = Field(default=None, max_length=1, description="Lines that begin with it are left out")
    header_row: int | None = Field(default=None, ge=0, description="The header's line, from 1; 0: there is no header")
    header_rows: Count = Field(default=1, description="How many lines the header has")
    first_row: int | None = Field(default=None, ge=1, description="The line of the first row, from 1")
    footer_rows: int = Field(default=0, ge=0, description="Lines at the end that are no rows")
    sheet: str | None = Field(default=None, description="excel: the name of the sheet; default: the first one")
    skip_bad_rows: bool = Field(default=False, description="Leave out rows with too few or too many cells")


class NetworkOptions(OptionsBase):
    """The network, and how its values are computed."""

    size: Literal["S", "M", "L"] = Field(default="M", description="Larger ones learn more and draw more slowly")
    exact: bool = Field(default=True, description="Whole numbers throughout: the same rows on every machine")


class TrainingOptions(OptionsBase):
    """How long the model is trained, and on what."""

    minutes: float | None = Field(default=None, gt=0, description="At most so long; default: until it is done")
    rows: Count | None = Field(default=None, description="Train on at most so many rows, drawn at random")
    held_out: float = Field(default=0.1, ge=0, le=0.5, description="The share of rows that is kept for the evaluation")


class PrivacyOptions(OptionsBase):
    """What of the data may be published."""

    min_rows: Count = Field(default=10, description="Values, bins and extremes of fewer rows are not in the model")


class ExportOptions(OptionsBase):
    """How the graph is served."""

    batch_size: int = Field(default=4096, strict=True, ge=1, le=1_048_576)


class TableRecipe(OptionsBase):
    """A recipe of a table.

    Attributes:
        constraints: What holds in every row; each names its kind.
    """

    model: str = Field(pattern=r"^[a-z][a-z0-9-]{0,62}$", description="The exported model's identifier")
    source: SourceOptions = SourceOptions()
    columns: tuple[ColumnOptions, ...] = Field(min_length=1)
    constraints: tuple[Constraint, ...] = ()
    network: NetworkOptions = NetworkOptions()
    training: TrainingOptions = TrainingOptions()
    privacy: PrivacyOptions = PrivacyOptions()
    export: ExportOptions = ExportOptions()
    card: Card

    @field_validator("columns")
    @classmethod
    def _names_differ(cls, columns: tuple[ColumnOptions, ...]) -> tuple[ColumnOptions, ...]:
        seen: set[str] = set()
        for column in columns:
            if column.name in seen:
                raise PydanticCustomError("twice", "{name} is the name of two: rename one", {"name": repr(column.name)})
            seen.add(column.name)
        return columns


def parse(text: str) -> TableRecipe:
    """Parses the TOML text of a table's recipe.

    Raises:
        RecipeError: It is not TOML, a field is missing, unknown or has a wrong value, or constraints do not fit
            together.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"the recipe is not TOML: {error}") from None
    except (ValueError, RecursionError):
        raise RecipeError("the recipe holds a number of too many digits, or too many brackets in each other") from None
    try:
        recipe = TableRecipe.model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"the recipe is not valid: {problems.listed(error, TableRecipe)}") from None
    plan(recipe.columns, recipe.constraints)
    return recipe
