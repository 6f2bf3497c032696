"""The options that say how a source is read, which `inspect` and `fit` share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from synthserve_training.tables.recipe import SourceOptions

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="COLUMN.FIELD=VALUE", help="Such as born.type=date; may be given several times"),
]
DatabaseOption = Annotated[
    str | None, typer.Option(metavar="URL", help="Of a database, with --query, in place of FILE")
]
QueryOption = Annotated[str | None, typer.Option(metavar="SQL", help="Whose rows are read")]
EncodingOption = Annotated[str | None, typer.Option(help="Of the file, such as cp1252; default: found out")]
SeparatorOption = Annotated[str | None, typer.Option(help="Of cells, such as ; or \\t; default: found out")]
HeaderRowOption = Annotated[
    int | None, typer.Option(min=0, help="The header's line, from 1; 0: there is none; default: found out")
]
SkipBadRowsOption = Annotated[
    bool, typer.Option("--skip-bad-rows", help="Leave out rows with too few or too many cells")
]


@dataclass(frozen=True)
class SourceArguments:
    """How a command was told to read a source.

    Attributes:
        address: Of the source.
        query: Of a database.
        options: How a file is read.
        settings: What the user has set of columns, as `--set` takes it.
    """

    address: str
    query: str | None
    options: SourceOptions
    settings: Sequence[str]

    @property
    def given(self) -> list[str]:
        """The names of the options that were given, without the query."""
        names = {"encoding": "--encoding", "separator": "--separator", "header_row": "--header-row"}
        found = [option for field, option in names.items() if getattr(self.options, field) is not None]
        return [
            *found,
            *(["--skip-bad-rows"] if self.options.skip_bad_rows else []),
            *(["--set"] if self.settings else []),
        ]


def arguments(
    file: str | None,
    database: str | None,
    query: str | None,
    encoding: str | None,
    separator: str | None,
    header_row: int | None,
    skip_bad_rows: bool,
    settings: Sequence[str] | None,
) -> SourceArguments:
    """Checks the options of a command.

    Raises:
        typer.BadParameter: There is no source, or there are two.
    """
    if (file is None) == (database is None):
        raise typer.BadParameter("name a file, or a --database with a --query")
    if (database is None) != (query is None):
        raise typer.BadParameter("--database and --query belong together")
    options = SourceOptions(
        encoding=encoding,
        separator="\t" if separator in ("\\t", "tab") else separator,
        header_row=header_row,
        skip_bad_rows=skip_bad_rows,
    )
    return SourceArguments(file or database or "", query, options, settings or ())
