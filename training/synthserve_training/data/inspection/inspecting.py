"""Inspects a source of rows: what each column is, over all rows, and why."""

import datetime
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import polars as pl
from pydantic import ValidationError

from synthserve_core.system.cores import available_cores
from synthserve_training import problems
from synthserve_training.data.inspection.deciding import agreement, markers, people
from synthserve_training.data.inspection.deciding.guesses import VALUES, Guess, guess
from synthserve_training.data.inspection.deciding.questions import Question
from synthserve_training.data.inspection.formats import numbers, read
from synthserve_training.data.inspection.frames import where
from synthserve_training.data.inspection.settings import NO_SETTINGS, Settings
from synthserve_training.data.inspection.textual import texts_are_texts, textual
from synthserve_training.data.inspection.values import ColumnValues, Telling, Values
from synthserve_training.data.reading.gathering import gathered, one_ahead
from synthserve_training.data.reading.layout import FileLayout, TableSource
from synthserve_training.errors import DatasetError
from synthserve_training.problems import did_you_mean
from synthserve_training.tables import width
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.types import Progress, no_progress

NO_TYPES: Mapping[str, ColumnType] = MappingProxyType({})

_KEPT = 4_000_000
_COUNTED = 16_000_000
"""Distinct values of all columns together that are kept, and that are counted exactly."""

_BECOMES = frozenset({"role", "rule", "templates"})
"""What becomes of a column: a user who sets one of these decides the others, too."""


@dataclass(frozen=True)
class Finding:
    """A warning or a privacy note, for people.

    Attributes:
        text: What was found, and what to do about it.
        line: The line of the file that it is about, from 1.
        column: The column that it is about.
    """

    text: str
    line: int | None = None
    column: str | None = None


@dataclass(frozen=True)
class ColumnProfile:
    """What a column is.

    Attributes:
        options: The proposal for the recipe.
        example: One of its texts, such as the first one.
        rows: Of the table.
        missing: Rows without a value.
        distinct: Distinct texts, without missing ones and without blanks around them.
        why: The evidence, in a short phrase.
        notes: Warnings, privacy.
    """

    options: ColumnOptions
    example: str
    rows: int
    missing: int
    distinct: int
    why: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """What was understood of a source.

    Attributes:
        layout: How it is written.
        rows: How many there are.
        columns: In the order of the source.
        findings: Warnings and privacy notes.
    """

    layout: FileLayout
    rows: int
    columns: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]


def inspect(
    source: TableSource,
    overrides: Mapping[str, ColumnType] = NO_TYPES,
    *,
    settings: Settings = NO_SETTINGS,
    progress: Progress = no_progress,
) -> Inspection:
    """Finds out what each column of a source is, in one pass over all rows and in bounded memory.

    Args:
        source: The rows.
        overrides: Types that the user has set, by the name of the column.
        settings: Other options that the user has set; a `type` among them is an override, too.
        progress: Reports the bytes that were read.

    Raises:
        DatasetError: An override names no column, or a type that the column's values do not have, or what was set does
            not read its values.
        ReadingError: The source cannot be read.
    """
    layout = source.layout
    overrides = {**overrides, **{name: fields["type"] for name, fields in settings.items() if "type" in fields}}
    known = frozenset(layout.names)
    for name in [*overrides, *settings]:
        if name not in known:
            raise DatasetError(f"there is no column {name!r}{did_you_mean(name, layout.names)}")
    this_year = datetime.datetime.now(tz=datetime.UTC).year
    collected: list[ColumnValues] = []
    kept, counted = _shares(len(layout.names))
    textual_only: list[bool] = []

    def question(position: int, values: Values) -> Question:
        name = layout.names[position]
        base = ColumnOptions.model_construct({"name", "type"}, name=name, type=ColumnType.TEXT)
        return Question(
            base,
            values,
            first=position == 0,
            this_year=this_year,
            wanted=overrides.get(name),
            texts=textual_only[position],
            missing=frozenset(settings.get(name, {}).get("missing", ())),
        )

    def collector(position: int) -> ColumnValues:
        return ColumnValues(kept, counted, lambda values: _telling(guess(question(position, values)), values))

    rows = 0
    size = source.size
    # Polars computes without Python's lock: columns are counted at once, while the next rows are read.
    with ThreadPoolExecutor(available_cores()) as pool:
        for chunk in one_ahead(gathered(source.chunks(lambda done: progress("reading", done, size or done)))):
            if not collected:
                collected = [collector(position) for position in range(chunk.width)]
                textual_only = [texts_are_texts(layout, kind) for kind in chunk.dtypes]
            for _ in pool.map(_add, collected, chunk.iter_columns()):
                pass
            rows += chunk.height
        questions = list(pool.map(lambda at: question(at, collected[at].values()), range(len(collected))))
        of_file = _markers_of_file(questions)
        guesses = list(pool.map(lambda one: guess(replace(one, markers=of_file)), questions))
    guesses = [_set(found, settings.get(found.options.name, {}), layout) for found in guesses]
    guesses = agreement.agreed(guesses, layout)
    complete = {
        asked.base.name
        for asked, found in zip(questions, guesses, strict=True)
        if asked.values.empty == found.missing.height == 0
    }
    guesses = people.addresses_of_names(guesses, complete)
    profiles, findings = [], [Finding(note.text, note.line, note.column) for note in source.notes()]
    for asked, found in zip(questions, guesses, strict=True):
        wanted = asked.wanted
        if wanted is not None and found.options.type is not wanted:
            raise DatasetError(
                f"{_where(layout)}: column {asked.base.name!r} cannot be read as {wanted}: {_unread(asked)}"
            )
        if asked.base.name in settings:
            _check_read(asked, found, layout)
        profiles.append(_profile(asked.values, found))
        findings += _findings(found, layout)
    findings += _of_table(rows, profiles, layout)
    return Inspection(layout, rows, tuple(profiles), tuple(findings))


def _add(values: ColumnValues, cells: pl.Series) -> None:
    values.add(textual(cells))


def _set(found: Guess, fields: Mapping[str, Any], layout: FileLayout) -> Guess:
    """A guess with what the user has set: the one of its ways that has it, or its options with that."""
    fields = {field: value for field, value in fields.items() if field not in ("type", "missing")}
    if not fields:
        return found
    for way in (found.options, found.other):
        if way is not None and all(getattr(way, field) == value for field, value in fields.items()):
            return replace(found, options=way, other=None, doubt=None, why=f"{agreement.said(way)}, as set")
    proposed, notes = found.options.model_dump(exclude_unset=True), found.notes
    if not _BECOMES.isdisjoint(fields):
        proposed, notes = {field: value for field, value in proposed.items() if field not in _BECOMES}, ()
    try:
        options = ColumnOptions.model_validate(proposed | fields)
    except ValidationError as error:
        raise DatasetError(f"column {found.options.name!r}: {problems.listed(error, ColumnOptions)}") from None
    return replace(found, options=options, notes=notes, other=None, doubt=None)


def _check_read(asked: Question, found: Guess, layout: FileLayout) -> None:
    """Refuses what the user has set where it does not read all values that are not missing."""
    options = found.options
    if options.type not in VALUES:
        return
    table = asked.values.table
    table = where(table, ~table["text"].is_in([*options.missing, *found.missing["text"]]))
    bad = where(table, read(table["text"], options).is_null())
    if bad.height:
        line, text = line_of(layout, int(bad["first"][0])), markers.quoted((bad["text"][0],))
        place = f", line {line}" if line else ""
        raise DatasetError(
            f"{_where(layout)}{place}, column {options.name!r}: {text} is no {options.type} as is set "
            f"({agreement.said(options)}): {_unread(asked)}"
        )


def _shares(columns: int) -> tuple[int, int]:
    """How many distinct values of one column are kept, and counted."""
    return (min(100_000, max(1_000, _KEPT // max(columns, 1))), min(2_000_000, max(4_096, _COUNTED // max(columns, 1))))


def _markers_of_file(questions: list[Question]) -> frozenset[str]:
    tables = [(one.values.table, one.values.empty) for one in questions]
    return frozenset().union(*(markers.established(table["text"], table["rows"], empty) for table, empty in tables))


def _where(layout: FileLayout) -> str:
    return layout.address or (layout.files[0] if layout.files else "the source")


def _unread(asked: Question) -> str:
    texts = asked.values.table["text"]
    return f"its values are such as {markers.quoted(tuple(texts[:3]))}; leave the setting out to see what they are"


def _telling(found: Guess, values: Values) -> Telling:
    """Keeps what the found reading of a column does not expect."""
    ways = [one for one in (found.options, found.other) if one is not None and one.type in VALUES]
    are_counted = not ways
    if not ways:  # keys can be numbers, until one of them is none
        texts = values.table["text"]
        texts = texts.filter(~markers.in_any_column(texts))
        found_out = numbers.candidates(texts, found.options) if len(texts) else []
        ways = [one for one in found_out if _expected(texts, one).all()]

    def tells(texts: pl.Series) -> pl.Series:
        worth = markers.in_any_column(texts) | markers.sentinels(texts)
        for options in ways:
            worth |= ~_expected(texts, options)
        return worth

    def ordinary(texts: pl.Series) -> pl.Series:
        found = ~markers.sentinels(texts)
        for options in ways:
            pattern = numbers.plain_pattern(options)
            found &= texts.str.contains(pattern) if pattern else _expected(texts, options)
        return found.fill_null(False)

    return Telling(tells, None if are_counted else ordinary)


def _expected(texts: pl.Series, options: ColumnOptions) -> pl.Series:
    expected = read(texts, options).is_not_null()
    if options.type in (ColumnType.INTEGER, ColumnType.DECIMAL):
        expected &= ~texts.str.contains(r"^[-+]?0\d")
    if options.decimals is not None:
        decimals = numbers.decimals(texts, options)
        expected &= decimals == options.decimals if options.fixed_decimals else decimals <= options.decimals
    return expected


def _profile(values: Values, found: Guess) -> ColumnProfile:
    table = values.table
    if found.missing.height:
        table = where(table, ~table["text"].is_in(found.missing["text"].implode()))
    missing = values.empty + int(found.missing["rows"].sum())
    distinct = values.distinct - found.missing.height
    example = str(table["text"][0]) if table.height else ""
    notes = found.notes if values.exact else (*found.notes, "distinct values are estimated: there are millions")
    options = ColumnOptions.model_validate(found.options.model_dump(exclude_unset=True))
    return ColumnProfile(options, example, values.rows, missing, distinct, found.why, notes)


def _findings(found: Guess, layout: FileLayout) -> list[Finding]:
    name = found.options.name
    result = [
        Finding(
            f"{odd.text!r} is read as missing{_in_rows(odd.rows)}: all other values are {_plural(found.options.type)}",
            line_of(layout, odd.row),
            name,
        )
        for odd in found.odd
    ]
    if (misfits := found.misfits) is not None:
        more = f" and {misfits.count - 1:,} more are none" if misfits.count > 1 else " is none"
        result.append(
            Finding(
                f"all values are {_plural(misfits.type)}, but {misfits.text!r}{more}: the column is taken for texts. "
                f"Mend the file, or read it as missing: --set '{name}.type={misfits.type}' "
                f"--set '{name}.missing={misfits.text}'",
                line_of(layout, misfits.row),
                name,
            )
        )
    if found.other is not None and found.doubt is not None:
        result.append(
            Finding(
                f"{found.doubt!r} and all other values can be {agreement.said(found.options)}, as is taken here, or "
                f"{agreement.said(found.other)}: decide with --set '{agreement.decided(found.options)}' or "
                f"--set '{agreement.decided(found.other)}'",
                column=name,
            )
        )
    if not found.options.hides_values:
        result += [Finding(note, column=name) for note in found.notes]
    return result


def _in_rows(count: int) -> str:
    return f" in {count:,} rows" if count > 1 else ""


def _plural(what: ColumnType) -> str:
    return (
        "truth values"
        if what is ColumnType.BOOLEAN
        else "numbers"
        if what in (ColumnType.INTEGER, ColumnType.DECIMAL)
        else f"{what}s"
    )


def line_of(layout: FileLayout, row: int) -> int | None:
    """The line of a row, from 0, where no cell before it has line breaks."""
    return None if layout.first_row is None else layout.first_row + row


def _of_table(rows: int, profiles: Sequence[ColumnProfile], layout: FileLayout) -> list[Finding]:
    learnt = width.learnt([profile.options for profile in profiles])
    if learnt > width.MOST_LEARNT:
        return [
            Finding(
                f"{learnt:,} columns would be learnt, and a model learns at most {width.MOST_LEARNT:,}: set role = "
                '"drop" in a recipe for the columns that you do not need'
            )
        ]
    if rows == 0:
        return [Finding("there are no rows below the header", layout.header_row)]
    if rows < 50:
        count = "1 row is" if rows == 1 else f"{rows} rows are"
        return [Finding(f"{count} few: what a model learns of so few is little, and types are less certain")]
    return []
