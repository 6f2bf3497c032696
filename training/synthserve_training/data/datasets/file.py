"""A table of the user: a file, several files or a query, as `synthserve-train fit` reads them."""

from pathlib import Path
from typing import Any, Self

import pandas as pd
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from synthserve_core import text_files
from synthserve_training.data.files import Files
from synthserve_training.data.inspection import inspect, read_typed
from synthserve_training.data.reading import open_table
from synthserve_training.errors import DatasetError, RecipeError
from synthserve_training.tables import recipe as recipes
from synthserve_training.tables.columns import ColumnType, Role
from synthserve_training.tables.recipe import SourceOptions
from synthserve_training.tables.typed import TypedColumn

_LEARNT = (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.BOOLEAN, ColumnType.CATEGORY)
"""The types of columns that are loaded."""

_MOST_ROWS = 1_000_000


class Options(SourceOptions):
    """Where the table is, and how it is read. What is not given is found out, as `inspect` does."""

    query: str | None = Field(default=None, description="The SQL query, where the address is that of a database")
    recipe: str | None = Field(default=None, description="A recipe of `inspect --recipe`, which says all the others")

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.recipe is None and self.address is None:
            raise PydanticCustomError("address", "give the address of a table, or a recipe of one")
        if self.recipe is not None and self.model_fields_set - {"recipe", "address", "query"}:
            raise PydanticCustomError("recipe", "the recipe says how the table is read: leave the other options out")
        return self


def load(options: Options, _files: Files) -> pd.DataFrame:
    """Loads the columns of numbers, truth values and categories; of very many rows, a million at random.

    Raises:
        DatasetError: The table cannot be read, or has no such column.
        RecipeError: The table's recipe is not valid.
    """
    source: SourceOptions = options
    columns = None
    if options.recipe is not None:
        recipe = _recipe(Path(options.recipe))
        source, columns = recipe.source, recipe.columns
    address = options.address or source.address
    if address is None:
        raise RecipeError(f"{options.recipe} does not say where the rows are: give the address, too")
    table = open_table(address, source, query=options.query)
    if columns is None:
        columns = tuple(profile.options for profile in inspect(table).columns)
    learnt = [column for column in columns if column.role is Role.LEARN and column.type in _LEARNT]
    if not learnt:
        raise DatasetError(f"{address} has no column of numbers or categories")
    rows, _ = read_typed(table, learnt, rows=_MOST_ROWS)
    return pd.DataFrame({column.options.name: _series(column) for column in rows.columns})


def held_out(_options: Options) -> Options | None:
    """None: all rows are loaded."""
    return None


def _recipe(path: Path) -> recipes.TableRecipe:
    try:
        return recipes.parse(text_files.read(path))
    except text_files.TextFileError as error:
        raise RecipeError(f"{path} {error}") from None


def _series(column: TypedColumn) -> "pd.Series[Any]":
    options = column.options
    match options.type:
        case ColumnType.INTEGER:
            values = pd.Series(column.values, dtype="Int64")
        case ColumnType.DECIMAL:
            values = pd.Series(column.values, dtype="Float64")
        case ColumnType.BOOLEAN:
            texts = (_first(options.false, "false"), _first(options.true, "true"))
            values = pd.Series([texts[int(value)] for value in column.values], dtype="string")
        case _:
            values = pd.Series([column.texts[code] if column.texts else "" for code in column.values], dtype="string")
    return values.mask(~column.valid)


def _first(texts: tuple[str, ...], default: str) -> str:
    return texts[0] if texts else default
