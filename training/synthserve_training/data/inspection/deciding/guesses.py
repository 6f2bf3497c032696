"""Decides what a column is, from all of its values."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import polars as pl

from synthserve_training.data.inspection.deciding import keys, markers, names, personal, serial_dates, shapes
from synthserve_training.data.inspection.deciding.misfits import Misfits, misfits
from synthserve_training.data.inspection.deciding.questions import Question
from synthserve_training.data.inspection.formats import numbers, read, times, truth
from synthserve_training.data.inspection.frames import where
from synthserve_training.data.inspection.values import Values
from synthserve_training.tables.columns import ColumnOptions, ColumnType, Role

VALUES = (
    ColumnType.INTEGER,
    ColumnType.DECIMAL,
    ColumnType.BOOLEAN,
    ColumnType.DATE,
    ColumnType.TIMESTAMP,
    ColumnType.TIME,
)
"""Types whose texts are read, and not kept as they are."""

_TEXTS = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.ID)
"""Types whose texts are kept as they are, and of which any column can be."""

_MOST_ODD = 2
"""So many words that are no numbers, each with no digit, may be notes for missing numbers."""

_ODD_SHARE = 0.02
_MOST_IMPOSSIBLE = 20
_IMPOSSIBLE_SHARE = 0.1
"""So many dates may have years that no calendar has: their form says what they are."""

_MOST_NAMED = 20
"""So many odd texts are named in warnings."""

_FEW_NUMBERS = 10
"""Fewer distinct numbers beside a word are classes, as the grades 9, 10, 11, 12 and `other`."""

_MANY = 50
"""More distinct texts than these are learnt only where most rows have a frequent one."""

_FREQUENT = 10
"""Rows that a value needs to be published."""

_SPARE, _DIFFERENT_ROWS = 4, 1_000_000
"""A rule makes unique keys if there are so many times more of them than rows; so many rows are to differ at most."""


class Odd(NamedTuple):
    """A text that is read as missing with a warning: its first row, from 0, and how many rows have it."""

    row: int
    text: str
    rows: int


@dataclass(frozen=True)
class Guess:
    """What a column is taken for.

    Attributes:
        options: Of the column.
        why: The evidence.
        other: Another way to read all of its values.
        doubt: A text that the two ways read as different values; None where there is no other way.
        notes: Warnings, privacy.
        odd: What is read as missing with a warning.
        missing: Texts that are read as missing.
        misfits: The few values without which the column would be of another type.
    """

    options: ColumnOptions
    why: str
    other: ColumnOptions | None = None
    doubt: str | None = None
    notes: tuple[str, ...] = ()
    odd: tuple[Odd, ...] = ()
    missing: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"text": pl.String, "rows": pl.Int64}))
    misfits: Misfits | None = None


def guess(question: Question) -> Guess:
    """Decides what a column is."""
    if not question.missing:
        return _guess(question)
    values = question.values
    marked = values.table["text"].is_in(list(question.missing))
    given, rest = where(values.table, marked), where(values.table, ~marked)
    empty, distinct = values.empty + int(given["rows"].sum()), values.distinct - given.height
    others = replace(values, table=rest, empty=empty, distinct=distinct)
    found = _guess(replace(question, values=others, missing=frozenset()))
    missing = pl.concat([found.missing, given.select(found.missing.columns)])
    return replace(
        found,
        options=found.options.model_copy(update={"missing": markers.listed(missing, values.empty)}),
        missing=missing,
    )


def _guess(question: Question) -> Guess:
    table, wanted = question.values.table, question.wanted
    if table.height == 0:
        return _final(question, ColumnType.EMPTY, "no cell has a value", table)
    if wanted in (None, *VALUES):
        found = _of_values(question)
        if found is not None:
            return found
    return _of_texts(question)


# --- Numbers, dates, times, truth values -----------------------------------------------------------------------------


def _of_values(question: Question) -> Guess | None:
    table = question.values.table
    infinite = markers.infinite(table["text"])
    for marks in (markers.in_any_column, markers.beside_values):
        marked = marks(table["text"]) | infinite
        rest = where(table, ~marked)
        found = _readings(question, rest, some_missing=question.values.empty > 0 or bool(marked.any()))
        if found:
            return _settled(question, found, rest, where(table, marked), _places(where(table, infinite)))
        if rest.height == 0:
            return None
    return _but_for_odd_ones(question, rest)


def _but_for_odd_ones(question: Question, texts: pl.DataFrame) -> Guess | None:
    """Reads a few notes among numbers, and impossible years among dates, as missing."""
    table, rows = question.values.table, int(texts["rows"].sum()) + question.values.beyond
    for odd, most, share in (
        (markers.odd_words(texts["text"]), _MOST_ODD, _ODD_SHARE),
        (markers.impossible_years(texts["text"]), _MOST_IMPOSSIBLE, _IMPOSSIBLE_SHARE),
    ):
        notes, rest = where(texts, odd), where(texts, ~odd)
        few = notes.height <= most and notes["rows"].sum() <= max(1, share * rows)
        if not (few or question.wanted) or not 0 < notes.height < texts.height:
            continue
        if question.wanted is None and rest.height < _FEW_NUMBERS:
            continue
        if found := _readings(question, rest, some_missing=True):
            missing = where(table, ~table["text"].is_in(rest["text"].implode()))
            return _settled(question, found, rest, missing, _places(notes))
    return None


def _places(odd: pl.DataFrame) -> tuple[Odd, ...]:
    """The first of odd texts."""
    return tuple(Odd(*row) for row in odd[:_MOST_NAMED].select_seq("first", "text", "rows").rows())


def _readings(question: Question, rest: pl.DataFrame, *, some_missing: bool) -> list[ColumnOptions]:
    """The ways to read all of these texts as values."""
    texts, base, wanted = rest["text"], question.base, question.wanted
    if len(texts) == 0:
        return []
    frequent = rest.sort("rows", descending=True)["text"] if len(texts) < 10 else texts
    found: list[ColumnOptions] = []
    one = truth.candidate(frequent, base, some_missing=some_missing)
    if one and not (one.true[0][:1] == "1" and names.of_amounts(base.name)):
        found.append(one)
    if texts[:200].str.contains(r"\d").all():
        if (epoch := times.epochs(texts, base)) and (wanted or _are_times(question, texts, epoch)):
            found.append(epoch)
        found += times.candidates(texts, base, this_year=question.this_year)
        if not question.texts or wanted is not None:
            found += numbers.candidates(texts, base)
    if wanted is not None:
        if wanted is ColumnType.DECIMAL:
            found = [
                one.model_copy(update={"type": wanted, "decimals": one.decimals or 0})
                if one.type is ColumnType.INTEGER
                else one
                for one in found
            ]
        if wanted is ColumnType.INTEGER:
            found = [_as_integer(one, texts) for one in found]
        return [one for one in found if one.type is wanted]
    return [
        one
        for one in found
        if one.type is found[0].type or {one.type, found[0].type} == {ColumnType.INTEGER, ColumnType.DECIMAL}
    ]


def _as_integer(options: ColumnOptions, texts: pl.Series) -> ColumnOptions:
    if options.type is not ColumnType.DECIMAL:
        width = texts.str.len_chars()
        filled = options.type is ColumnType.INTEGER and numbers.leading_zeros(texts)
        return options.model_copy(update={"digits": int(width.min())}) if filled else options  # type: ignore[arg-type]
    whole = options.model_copy(update={"type": ColumnType.INTEGER, "decimals": None, "fixed_decimals": False})
    return options if read(texts, whole).null_count() else whole


def _are_times(question: Question, texts: pl.Series, options: ColumnOptions) -> bool:
    """Whether whole numbers are times since 1970, and not just as large as these are now."""
    if names.of_codes(question.base.name):
        return False
    if names.of_times(question.base.name):
        return True
    found = read(texts, options)
    return (
        len(texts) >= 20
        and options.patterns == ("epoch:ms",)
        and (found.is_sorted() or found.is_sorted(descending=True))
    )


def _settled(
    question: Question,
    found: list[ColumnOptions],
    rest: pl.DataFrame,
    missing: pl.DataFrame,
    odd: tuple[Odd, ...],
) -> Guess | None:
    """The likeliest way to read a column's texts, or None where they are codes rather than values."""
    options, texts, values = found[0], rest["text"], question.values
    notes: tuple[str, ...] = ()
    if question.wanted is None:
        if values.distinct == 1 and values.empty == 0 and missing.height == 0:
            return _final(question, ColumnType.CONSTANT, "one value in all rows", missing, value=str(texts[0]))
        if serial_dates.may_be(options, texts):
            notes = (f"{texts[0]} and all others: {serial_dates.NOTE}",)
        elif options.type in (ColumnType.INTEGER, ColumnType.DECIMAL) and (
            why := keys.codes(question, options, rest, missing)
        ):
            return _of_texts(question, why)
    if options.type in (ColumnType.INTEGER, ColumnType.DECIMAL):
        outside = markers.far_outside(texts, read(texts, options), rest["rows"], values.beyond)
        if outside.any():
            here = where(rest, outside)
            missing = pl.concat([missing, here])
            notes += (f"{markers.quoted(tuple(here['text']))} is read as missing: all other values are at least 0",)
    other = found[1] if len(found) > 1 else None
    doubt = _doubt(options, other, rest) if other else None
    if other is not None and doubt is not None and (better := _in_order(options, other, rest)):
        options, doubt, other = better, None, None
        notes += ("days and months are read in the order in which the rows are sorted by date",)
    options = options.model_copy(update={"missing": markers.listed(missing, values.empty)})
    if other is not None:
        other = other.model_copy(update={"missing": options.missing})
    return Guess(options, _why(options, values), other if doubt else None, doubt, notes, odd, missing)


def _doubt(options: ColumnOptions, other: ColumnOptions, rest: pl.DataFrame) -> str | None:
    one, two = read(rest["text"], options), read(rest["text"], other)
    different = rest["text"].filter((one.cast(pl.Float64) != two.cast(pl.Float64)).fill_null(False))
    return str(different[0]) if len(different) else None


def _in_order(options: ColumnOptions, other: ColumnOptions, rest: pl.DataFrame) -> ColumnOptions | None:
    """The one of two ways by which the rows are sorted, or None."""
    if options.type not in (ColumnType.DATE, ColumnType.TIMESTAMP) or rest.height < 5:
        return None
    ordered = [(one, read(rest["text"], one)) for one in (options, other)]
    are = [values.is_sorted() or values.is_sorted(descending=True) for _, values in ordered]
    return ordered[are.index(True)][0] if sum(are) == 1 else None


def _why(options: ColumnOptions, values: Values) -> str:
    match options.type:
        case ColumnType.BOOLEAN:
            written = " or ".join([*options.true[:1], *options.false[:1]])
            return f"every value is {written}"
        case ColumnType.DATE | ColumnType.TIMESTAMP | ColumnType.TIME:
            return f"every value is {' or '.join(options.patterns)}"
        case ColumnType.INTEGER:
            return "every value is a whole number" + _dress(options)
        case _:
            return "every value is a number" + _decimals(options) + _dress(options)


def _decimals(options: ColumnOptions) -> str:
    if options.decimals is None:
        return " with decimals"
    most = "" if options.fixed_decimals else "up to "
    return f" with {most}{options.decimals} {'decimal' if options.decimals == 1 else 'decimals'}"


def _dress(options: ColumnOptions) -> str:
    said = []
    if options.decimal_mark == ",":
        said.append("a decimal comma")
    if options.grouping:
        said.append(f"groups by {options.grouping!r}")
    said += [repr(affix.strip()) for affix in (options.prefix, options.suffix) if affix]
    if options.parentheses:
        said.append("negative in parentheses")
    return f", {', '.join(said)}" if said else ""


# --- Texts -----------------------------------------------------------------------------------------------------------


def _of_texts(question: Question, why: str = "") -> Guess:
    table, values, wanted = question.values.table, question.values, question.wanted
    marked = markers.among_texts(table["text"], table["rows"], values.empty, question.markers)
    missing, rest = where(table, marked), where(table, ~marked)
    if rest.height == 0:
        return _final(question, ColumnType.EMPTY, "every cell is a marker of missing values", missing)
    distinct, filled = values.distinct - missing.height, int(rest["rows"].sum()) + values.beyond
    if wanted is None and distinct == 1 and not values.empty and not missing.height:
        return _final(question, ColumnType.CONSTANT, "one value in all rows", missing, value=str(rest["text"][0]))
    kind = personal.kind(question.base.name, rest["text"]) if distinct > 1 else None
    covered = int(rest["rows"].filter(rest["rows"] >= _FREQUENT).sum()) / filled
    words, length = rest["text"].str.count_matches(r"\S+").mean(), rest["text"].str.len_chars().mean()
    few = 2 * distinct <= filled and (distinct <= _MANY or covered >= 0.5)
    prose = distinct > 20 and (words > 7 or length > 60)  # type: ignore[operator]
    if wanted in _TEXTS:
        what = wanted
    elif kind is not None and (kind.always or not few):
        what = ColumnType.ID if kind.is_key else ColumnType.TEXT
    elif prose or not few:
        what = ColumnType.ID if not prose and keys.are_keys(question.base.name, rest["text"], why) else ColumnType.TEXT
    else:
        what = ColumnType.CATEGORY
    said = f"{distinct:,} distinct texts in {filled:,} rows"
    reason = kind.what if kind is not None and what is not ColumnType.CATEGORY else why
    found = _final(question, what, f"{reason}; {said}" if reason else said, missing, kind=kind, rest=rest)
    return found if kind is not None else replace(found, misfits=misfits(question, rest))


def _final(
    question: Question,
    what: ColumnType,
    why: str,
    missing: pl.DataFrame,
    *,
    value: str | None = None,
    kind: personal.Kind | None = None,
    rest: pl.DataFrame | None = None,
) -> Guess:
    """The guess of a column whose texts stay as they are, with a rule where it has too many of them to learn."""
    update: dict[str, object] = {"type": what, "missing": markers.listed(missing, question.values.empty)}
    if what is ColumnType.CONSTANT:
        update["value"] = value if value is not None else str(question.values.table["text"][0])
    notes: tuple[str, ...] = ()
    if what in (ColumnType.ID, ColumnType.TEXT) and rest is not None:
        about = (
            f"{kind.what} look like personal data"
            if kind and kind.personal
            else "texts of single rows can be personal data"
        )
        if what is ColumnType.ID and not (kind and kind.personal):
            about = "keys can identify rows"
        template = None if kind else _template(what, rest)
        if template is None:
            rule = _rule(question, what, kind, rest)
            update |= {"role": Role.RULE, "rule": rule}
            notes = (f"privacy: {about}; made by the rule {rule['kind']!r}, not learnt",)
        else:
            update |= {"templates": True}
            notes = (f"privacy: {about}; templates such as {template} are learnt, not the texts",)
    return Guess(question.base.model_copy(update=update), why, notes=notes, missing=missing)


def _template(what: ColumnType, rest: pl.DataFrame) -> str | None:
    """An example of the templates that can be learnt of texts; None: a rule makes them, as it does unique keys."""
    repeat = rest["rows"].max() != 1
    codes = repeat if what is ColumnType.ID else shapes.look_like_codes(rest["text"])
    return shapes.template(rest["text"], rest["rows"]) if codes else None


def _rule(question: Question, what: ColumnType, kind: personal.Kind | None, rest: pl.DataFrame) -> dict[str, object]:
    if kind is not None and kind.rule != "regex":
        return {"kind": kind.rule}
    texts = rest["text"]
    if what is ColumnType.ID:
        running = numbers.read(texts, question.base.model_copy(update={"type": ColumnType.INTEGER}))
        if not running.null_count() and not numbers.leading_zeros(texts) and rest["rows"].max() == 1:
            return {"kind": "sequence", "start": int(running.min())} if _runs(running) else {"kind": "sequence"}  # type: ignore[arg-type]
        if (found := shapes.like(texts)) is not None:
            return {"kind": "regex", "pattern": found.pattern} | _unique(found, rest)
    return {"kind": "text"} | shapes.words(texts)


def _unique(found: shapes.Likeness, rest: pl.DataFrame) -> dict[str, object]:
    """The options of a rule for keys, if all are different and there are many more of them."""
    if rest["rows"].max() != 1 or found.count is None or found.count < _SPARE * rest.height:
        return {}
    return {"unique": True, "rows": min(found.count, _DIFFERENT_ROWS)}


def _runs(numbers_: pl.Series) -> bool:
    """Whether numbers count up by one."""
    return bool((numbers_.diff().drop_nulls() == 1).all()) and numbers_.min() in (0, 1)
