"""Tells keys and codes from quantities, and from texts to read."""

import polars as pl

from synthserve_training.data.inspection.deciding import names, personal
from synthserve_training.data.inspection.deciding.questions import Question
from synthserve_training.data.inspection.formats import numbers, read
from synthserve_training.tables.columns import ColumnOptions, ColumnType

LEADING_ZEROS = "leading zeros"

_LONG = 7
"""Whole numbers of so many digits can be telephone numbers, or have check digits."""


def codes(question: Question, options: ColumnOptions, rest: pl.DataFrame, missing: pl.DataFrame) -> str | None:
    """Why numbers are keys or codes, and no quantities; None where they are quantities."""
    name, values, texts = question.base.name, question.values, rest["text"]
    filled = int(rest["rows"].sum()) + values.beyond
    unique = (
        values.distinct - missing.height >= filled * 0.999
        if not values.exact
        else values.distinct - missing.height == filled
    )
    whole = options.type is ColumnType.INTEGER and not options.grouping and not options.prefix and not options.suffix
    if options.type is ColumnType.INTEGER and numbers.leading_zeros(texts):
        return LEADING_ZEROS
    if read(texts, options).null_count():
        return "numbers beyond 64 bits"
    # A tool that knows no missing integers has put .0 behind codes.
    if options.type is ColumnType.DECIMAL and names.of_codes(name) and texts.str.contains(r"^\d+\.0$").all():
        return "codes by its name"
    if not whole:
        return None
    if texts.str.len_chars().min() >= _LONG and (kind := personal.kind(name, texts)) is not None:  # type: ignore[operator]
        return kind.what
    if names.of_codes(name) and not texts.str.contains("^-").all():
        return "keys or codes by its name"
    if not unique or filled < 3:
        return None
    found = read(texts, options)
    rising = bool((found.diff().drop_nulls() > 0).all())
    if names.of_keys(name) and (rising or not names.is_number(name)):
        return "unique whole numbers, and its name"
    if not question.first or missing.height or values.empty:
        return None
    low, high = int(found.min()), int(found.max())  # type: ignore[arg-type]
    if low >= 1500 and high <= 2200 and not _is_generated(name):
        return None  # years
    if _is_generated(name) or names.of_rows(name) or high - low < 4 * filled or rising:
        return "unique whole numbers in the first column"
    return None


def _is_generated(name: str) -> bool:
    return name.startswith("column_") and name[7:].isdigit()


def are_keys(name: str, texts: pl.Series, why: str) -> bool:
    """Whether texts that hardly repeat are keys rather than texts to read."""
    if why == LEADING_ZEROS:  # codes have one length; a measure with zeros before it has not
        return texts.str.len_chars().n_unique() == 1 or names.of_codes(name) or names.of_keys(name)
    return bool(why) or _are_codes(texts)


def _are_codes(texts: pl.Series) -> bool:
    """Whether texts are codes: short capitals, or words with digits and without blanks."""
    codes = texts.str.contains(r"^\S*\d\S*$").mean()
    capitals = texts.str.contains(r"^[A-Z0-9][A-Z0-9.\-_/,=+]{0,5}$|^[A-Z0-9,]{2,6}$").mean()
    return bool(codes >= 0.9 or capitals >= 0.9)  # type: ignore[operator]
