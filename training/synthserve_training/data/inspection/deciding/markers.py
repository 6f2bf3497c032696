"""Texts that mean a missing value: words, signs, and numbers far outside of the others."""

import re

import polars as pl

_EVERYWHERE = frozenset(
    [
        "NA",
        "N/A",
        "n/a",
        "#N/A",
        "#NA",
        "NaN",
        "nan",
        "NAN",
        "<NA>",
        "<NULL>",
        "NULL",
        "null",
        "(null)",
        "[null]",
        "\\N",
        "?",
        "??",
        "???",
        "n.a.",
        "N.A.",
        "#NULL!",
    ]
)
"""Missing in columns of any type."""

_INFINITE = frozenset(["inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "1.#inf"])

_BESIDE_VALUES = frozenset(
    [
        "na",
        "none",
        "nil",
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "..",
        "...",
        ":",
        "missing",
        "unknown",
        "unk",
        "u",
        "nd",
        "n.d.",
        "tbd",
        "pending",
        "undefined",
        "-1.#ind",
        "#div/0!",
        "#ref!",
        "#value!",
        "#num!",
        "#name?",
        "0000-00-00",
        "00/00/0000",
    ]
) | {"not available", "not applicable", "no data", "0000-00-00 00:00:00", *_INFINITE}
"""Missing in columns of numbers, dates, times and truth values, in any case."""

_DASHES = frozenset(["-", "--", "---", "–", "—"])
_CERTAIN = frozenset(["N/A", "n/a", "#N/A", "#NULL!", "<NA>", "<NULL>", "(null)", "[null]", "\\N", "-", "–", "—"])
"""Never words or codes, however few rows have them."""

_UNKNOWN = frozenset(["unknown", "unk", "u"])
_SENTINELS = ("-9", "-99", "-999", "-9999", "-99999", "-999999", "-1")

_IMPOSSIBLE_YEARS = r"^(?:0000|-\d{1,6}|\d{5,6})[-/.]\d{1,2}[-/.]\d{1,2}\b|^\d{1,2}[-/.]\d{1,2}[-/.](?:0000|\d{5,6})\b"

_MOSTLY = 0.9
_RARE = 0.01
"""A marker in a smaller share of the missing cells of a column of texts is a text."""


def in_any_column(texts: pl.Series) -> pl.Series:
    """Which trimmed texts mean missing whatever the type is: Boolean."""
    return texts.is_in(list(_EVERYWHERE))


def beside_values(texts: pl.Series) -> pl.Series:
    """Which trimmed texts mean missing among numbers, dates, times and truth values: Boolean."""
    return in_any_column(texts) | texts.str.to_lowercase().is_in(list(_BESIDE_VALUES))


def infinite(texts: pl.Series) -> pl.Series:
    """Which trimmed texts are infinite numbers, or too large for any, which no column has: Boolean."""
    words = texts.str.to_lowercase().is_in(list(_INFINITE))
    large = texts.str.contains(r"^[-+]?[\d.]+[eE]\+?\d{3,}$")
    if not large.any():
        return words
    return words | (large & texts.cast(pl.Float64, strict=False).is_infinite().fill_null(False))


def impossible_years(texts: pl.Series) -> pl.Series:
    """Which trimmed texts have the form of dates, with years before 1 or after 9999: Boolean."""
    return texts.str.contains(_IMPOSSIBLE_YEARS)


def established(texts: pl.Series, rows: pl.Series, empty: int) -> frozenset[str]:
    """The markers that a column has in many of its missing cells, which makes them markers of the whole file.

    Args:
        texts: Trimmed distinct texts.
        rows: How many rows have each.
        empty: How many cells are empty.
    """
    found = in_any_column(texts)
    if not found.any():
        return frozenset()
    return frozenset(texts.filter(found & (rows >= _RARE * (int(rows.filter(found).sum()) + empty))))


def among_texts(texts: pl.Series, rows: pl.Series, empty: int, of_file: frozenset[str]) -> pl.Series:
    """Which trimmed distinct texts mean missing in a column of texts: Boolean.

    A marker that is written as the other texts are is one of them: NA in a set of two-letter codes is Namibia, a dash
    among signs is a sign, and a question mark beside `unknown` is another kind of unknown. So is a rare one beside
    other ways to write a missing value.

    Args:
        texts: At least one.
        rows: How many rows have each.
        empty: How many cells are empty.
        of_file: Markers that other columns have.
    """
    found = in_any_column(texts) | texts.is_in(list(_DASHES))
    candidates, others = texts.filter(found), texts.filter(~found)
    if len(others) and others.str.contains(r"^[-+(]?\d").mean() >= _MOSTLY:  # type: ignore[operator]
        return beside_values(texts)
    if not len(candidates) or not len(others):
        return found
    certain = texts.is_in(list(_CERTAIN))
    for code, like in ((r"^[A-Z0-9]{2}$", r"^..$"), (r"^[A-Z0-9]{3}$", r"^...$"), (r"^[^\w\s]$", r"^.$")):
        if len(others) >= 3 and others.str.contains(code).mean() >= _MOSTLY:  # type: ignore[operator]
            found &= ~texts.str.contains(like) | (certain & (like != "^.$"))
    if others.str.to_lowercase().is_in(list(_UNKNOWN)).any():
        found &= ~texts.str.contains(r"^\?+$")
    frequent = rows >= _RARE * (int(rows.filter(found).sum()) + empty)
    return found & (frequent | certain | texts.is_in(list(of_file)))


def sentinels(texts: pl.Series) -> pl.Series:
    """Which cells are numbers that may stand for a missing value: Boolean, null of null."""
    negative = texts.str.starts_with("-")
    return texts.str.contains(r"^-(?:1|9{1,6})(?:\.0*)?$") if negative.any() else negative


def far_outside(texts: pl.Series, numbers: pl.Series, rows: pl.Series, beyond: int) -> pl.Series:
    """Which texts are numbers that stand for a missing value, such as -999: Boolean.

    They are negative, all others are not, and there is space between them. -1 has to be frequent too.

    Args:
        texts: Distinct texts.
        numbers: Their numbers.
        rows: How many rows have each.
        beyond: How many other rows have such numbers.
    """
    bare = texts.str.replace(r"\.0*$", "")
    found = bare.is_in(list(_SENTINELS))
    if not found.any():
        return found
    found = pl.repeat(False, len(texts), eager=True)
    if len(texts) < 10:
        return found
    for sentinel in _SENTINELS:
        here = bare == sentinel
        if not here.any():
            continue
        others = numbers.filter(~here & ~found)
        if len(others) == 0 or others.min() < 0:  # type: ignore[operator]
            continue
        share = int(rows.filter(here).sum()) / (int(rows.sum()) + beyond)
        needed = {"-1": 0.01, "-9": 0.002, "-99": 0.001}.get(sentinel, 0.0)
        if share >= needed and (sentinel not in ("-1", "-9") or len(others) >= 20):
            found |= here
    return found


def odd_words(texts: pl.Series) -> pl.Series:
    """Which texts have no digits, as notes such as `suppressed` among numbers: Boolean."""
    return ~texts.str.contains(r"\d")


def listed(markers: pl.DataFrame, empty: int) -> tuple[str, ...]:
    """The markers as a recipe has them: the most frequent first, the empty one among them where it is more frequent.

    Args:
        markers: Columns text and rows.
        empty: How many cells are empty.
    """
    if markers.height == 0:
        return ()
    ordered = markers.sort(["rows", "text"], descending=[True, False])
    found = [str(text) for text in ordered["text"]]
    if found and empty > int(ordered["rows"][0]):
        found.insert(0, "")
    return tuple(found)


def quoted(texts: tuple[str, ...]) -> str:
    """Texts for a message."""
    return ", ".join(repr(re.sub(r"\s+", " ", text)) for text in texts)
