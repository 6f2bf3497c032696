"""The options that say how a source is read, which `inspect` and `fit` share."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthserve_training.tables.recipe import SourceOptions

if TYPE_CHECKING:
    from synthserve_training.data.inspection.settings import Settings

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="COLUMN.FIELD=VALUE",
        help="Such as born.type=date; pictures: a field of the recipe, such as dataset.size=32, for `fit`; may be "
        "given several times",
    ),
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
MetadataOption = Annotated[
    Path | None,
    typer.Option("--metadata", metavar="FILE", help="SDV's metadata (JSON), which says what columns are; --set wins"),
]
MetadataTableOption = Annotated[
    str | None, typer.Option("--metadata-table", metavar="NAME", help="The table of --metadata, where it has several")
]

LabelsOption = Annotated[
    str | None,
    typer.Option(metavar="WHAT", help="Of pictures: folders, none, a CSV file (FILE:COLUMN), or a column of Parquet"),
]
ContactSheetOption = Annotated[
    Path | None, typer.Option("--contact-sheet", metavar="FILE", help="Of pictures: write some of them into a PNG")
]


@dataclass(frozen=True)
class SourceArguments:
    """How a command was told to read a source.

    Attributes:
        address: Of the source.
        query: Of a database.
        options: How a file is read.
        settings: What the user has set of columns, as `--set` takes it.
        metadata: A file of SDV's metadata.
        metadata_table: The table of the metadata.
    """

    address: str
    query: str | None
    options: SourceOptions
    settings: Sequence[str]
    metadata: Path | None = None
    metadata_table: str | None = None

    def column_settings(self, names: Collection[str]) -> "Settings":
        """What the metadata and the user say of columns; the user has the last word.

        Args:
            names: Of the columns of the source.

        Raises:
            RecipeError: It cannot be read, or is not about these columns.
        """
        # These take a while to import, and mistakes of typing must show before.
        from synthserve_training.data.inspection import sdv_metadata, settings

        names = dict.fromkeys(names)  # in their order, and found at once
        given = settings.parse(self.settings, names)
        if self.metadata is None:
            return given
        return settings.merged(sdv_metadata.read_file(self.metadata, names, self.metadata_table), given)

    @property
    def given(self) -> list[str]:
        """The names of the options that were given, without the query."""
        names = {"encoding": "--encoding", "separator": "--separator", "header_row": "--header-row"}
        found = [option for field, option in names.items() if getattr(self.options, field) is not None]
        return [
            *found,
            *(["--skip-bad-rows"] if self.options.skip_bad_rows else []),
            *(["--set"] if self.settings else []),
            *(["--metadata"] if self.metadata else []),
        ]

    def refuse(self, what: str, *, settings_too: bool = True, **others: object) -> None:
        """Checks that no option of tables is given where there are pictures.

        Args:
            what: There is instead.
            settings_too: Whether --set is one of these options.
            others: Further options of tables, by name.

        Raises:
            typer.BadParameter: One is.
        """
        own = [option for option in self.given if settings_too or option != "--set"]
        if given := [*own, *_given(others)]:
            raise typer.BadParameter(f"{', '.join(given)} is of tables, and {self.address} holds {what}: leave it out")


def refuse_of_pictures(**options: object) -> None:
    """Checks that no option of pictures is given where there is a table.

    Args:
        options: By name.

    Raises:
        typer.BadParameter: One is.
    """
    if given := _given(options):
        raise typer.BadParameter(f"{', '.join(given)} is of pictures: leave it out, or give a folder of pictures")


def _given(options: Mapping[str, object]) -> list[str]:
    return ["--" + name.replace("_", "-") for name, value in options.items() if value is not None]


def arguments(
    file: str | None,
    database: str | None,
    query: str | None,
    encoding: str | None,
    separator: str | None,
    header_row: int | None,
    skip_bad_rows: bool,
    settings: Sequence[str] | None,
    metadata: Path | None = None,
    metadata_table: str | None = None,
) -> SourceArguments:
    """Checks the options of a command.

    Raises:
        typer.BadParameter: There is no source, or there are two, or an option is given without the one it belongs to.
    """
    if (file is None) == (database is None):
        raise typer.BadParameter("name a file, or a --database with a --query")
    if (database is None) != (query is None):
        raise typer.BadParameter("--database and --query belong together")
    if metadata_table is not None and metadata is None:
        raise typer.BadParameter("--metadata-table names a table of --metadata: give that, too")
    options = SourceOptions(
        encoding=encoding,
        separator="\t" if separator in ("\\t", "tab") else separator,
        header_row=header_row,
        skip_bad_rows=skip_bad_rows,
    )
    return SourceArguments(file or database or "", query, options, settings or (), metadata, metadata_table)
