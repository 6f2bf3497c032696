"""Dates, timestamps, times of day and durations as people write them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from synthserve_training.tables.columns import ColumnOptions, ColumnType

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_SHORT = [name[:3] for name in _MONTHS]
_PARTS = {
    "%Y": r"(?P<Y>\d{4})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%y": r"(?P<y>\d{2})",
    "%H": r"(?P<H>\d{1,3})",
    "%I": r"(?P<I>\d{1,2})",
    "%M": r"(?P<M>\d{2})",
    "%S": r"(?P<S>\d{2})",
    "%f": r"(?P<f>\d{1,9})",
    "%j": r"(?P<j>\d{3})",
    "%p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "%z": r"(?P<z>[-+]\d{2}:?\d{2}|Z)",
    "%b": rf"(?P<b>(?i:{'|'.join(_SHORT)}))",
    "%B": rf"(?P<B>(?i:{'|'.join(_MONTHS)}))",
}
_DIGITS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
"""How long the parts are where nothing separates them."""

EPOCHS = {"epoch:s": 1_000_000, "epoch:ms": 1_000, "epoch:us": 1}
"""Microseconds of one unit."""

_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_800_000_000
"""Microseconds from 1970 to the first day of year 1, and to the end of year 9999."""

_DAYS = [
    *(f"%Y{mark}%m{mark}%d" for mark in "-/."),
    "%Y-%d-%m",
    *(
        f"{first}{mark}{second}{mark}{year}"
        for mark in "/-."
        for year in ("%Y", "%y")
        for first, second in (("%m", "%d"), ("%d", "%m"))
    ),
    *(f"%d{mark}{month}{mark}{year}" for mark in " -/" for month in ("%b", "%B") for year in ("%Y", "%y")),
    *(f"{month} %d{comma} %Y" for month in ("%b", "%B") for comma in (",", "")),
    *(f"%d. {month} %Y" for month in ("%b", "%B")),
    "%d%b%Y",
    "%Y-%b-%d",
    "%Y%m%d",
    "%Y-%j",
]
_MONTHS_ONLY = [
    "%Y-%m",
    "%Y/%m",
    "%m/%Y",
    "%m-%Y",
    *(f"{month}{mark}{year}" for month in ("%b", "%B") for mark in " -" for year in ("%Y", "%y")),
    "%Y-%b",
    "%Y %b",
    "%YM%m",
]
_CLOCKS = ["%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%H:%M:%S,%f", "%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p"]
_ZONES = ["", "Z", "%z", " %z", " UTC", " GMT"]
_ZONED = r":\d{2}(?:\.\d+)?\s?[-+]\d{2}:?\d{2}$"
_SIMPLE = re.compile(r"(?:%[YmdHMS]|[^%A-Z])+T?(?:%[YmdHMS]|[^%A-Z])*Z?")
"""Patterns that the parser of Polars reads in the same way, only faster."""


def _shape(pattern: str) -> str:
    """The shape of what a pattern matches: 9 is a run of digits, a is a run of letters."""
    named = re.sub(r"%[bBp]", "a", pattern.replace("%z", "+9"))
    return re.sub(r"9(?:%|9)*|(?:9)+", "9", re.sub(r"[A-Za-z]+", "a", re.sub(r"%[A-Za-z]", "9", named)))


def _shapes(texts: pl.Series) -> pl.Series:
    if texts.str.contains(r"(?i)[ap]\.m\.$").any():
        texts = texts.str.replace(r"(?i)([ap])\.m\.$", "a")
    if texts.str.contains(_ZONED).any():
        texts = texts.str.replace(r"[-+]\d{2}:?\d{2}$", "+9")
    return texts.str.replace_all(r"\d+", "9").str.replace_all(r"[A-Za-z]+", "a")


def _shape_of(text: str) -> str:
    text = re.sub(r"(?i)([ap])\.m\.$", "a", text)
    if re.search(_ZONED, text):
        text = re.sub(r"[-+]\d{2}:?\d{2}$", "+9", text)
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "9", text))


@cache
def _patterns_of_shapes() -> dict[str, list[str]]:
    result: dict[str, list[str]] = defaultdict(list)
    zoned = [
        f"{day}{joint}{clock}{zone}"
        for day in _DAYS
        for joint in (" ", "T", ", ")
        for clock in _CLOCKS
        for zone in _ZONES
    ]
    for pattern in [
        *_DAYS,
        *_MONTHS_ONLY,
        *_CLOCKS,
        *zoned,
        "%Y%m%d%H%M%S",
        "%Y%m%d%H%M",
        "%Y%m%dT%H%M%S",
        "%Y%m%dT%H%M%SZ",
    ]:
        result[_shape(pattern)].append(pattern)
    return dict(result)


def kind(pattern: str) -> ColumnType:
    """What a pattern reads: DATE, TIMESTAMP or TIME."""
    if pattern in EPOCHS:
        return ColumnType.TIMESTAMP
    dated, timed = re.search("%[Yy]", pattern), re.search("%[HI]", pattern)
    return ColumnType.TIMESTAMP if dated and timed else ColumnType.DATE if dated else ColumnType.TIME


def in_utc(pattern: str) -> bool:
    """Whether a pattern reads instants in UTC."""
    return pattern in EPOCHS or pattern.endswith(("Z", "%z", " UTC", " GMT"))


@cache
def _regex(pattern: str) -> str:
    parts = re.split(r"(%[A-Za-z])", pattern)
    result = ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            result += re.escape(part).replace("\\ ", r"\s+")
            continue
        touching = part in _DIGITS and (
            (index >= 2 and not parts[index - 1])
            or (index + 2 < len(parts) and not parts[index + 1] and parts[index + 2] in _DIGITS)
        )
        name = part[1]
        result += rf"(?P<{name}>\d{{{_DIGITS[part]}}})" if touching else _PARTS[part]
    return f"^{result}$"


def read(texts: pl.Series, options: ColumnOptions) -> pl.Series:
    """Reads dates and times.

    Args:
        texts: Trimmed texts.
        options: Of type DATE, TIMESTAMP or TIME, with patterns; a text is read by the first one that matches.

    Returns:
        Int64: days since 1970-01-01, microseconds since 1970-01-01T00:00:00, or microseconds since 00:00. Null where
        a text matches no pattern, or is no day of the calendar from year 1 to 9999.
    """
    result: pl.Series | None = None
    for pattern in options.patterns:
        rest = texts if result is None else _where(result.is_null(), texts)
        found = _read_one(rest, pattern, options)
        result = found if result is None else result.fill_null(found)
        if result.null_count() == texts.null_count():
            break
    return pl.repeat(None, len(texts), dtype=pl.Int64, eager=True) if result is None else result


def _read_one(texts: pl.Series, pattern: str, options: ColumnOptions) -> pl.Series:
    if pattern in EPOCHS:
        return _read_epoch(texts, pattern)
    if options.type is not ColumnType.TIME and "%Y" in pattern and "%d" in pattern and _SIMPLE.fullmatch(pattern):
        return _read_simple(texts, pattern, options.type)
    parts = texts.str.extract_groups(_regex(pattern)).struct.unnest()
    missing = parts[parts.columns[0]].is_null().to_numpy()
    numbers = {name: _numbers(parts[name]) for name in parts.columns if name not in "bBpz"}
    if "p" in parts.columns:
        afternoon = parts["p"].fill_null("").str.to_lowercase().str.starts_with("p").to_numpy()
        missing |= (numbers["I"] < 1) | (numbers["I"] > 12)
        numbers["H"] = numbers["I"] % 12 + 12 * afternoon
    for name, names in (("b", _SHORT), ("B", _MONTHS)):
        if name in parts.columns:
            index = {month: number for number, month in enumerate(names, 1)}
            numbers["m"] = _numbers(
                parts[name].str.to_lowercase().replace_strict(index, default=None, return_dtype=pl.Int64)
            )
    what = options.type
    days, bad = (
        _days(numbers, options.century)
        if kind(pattern) is not ColumnType.TIME
        else (np.zeros(len(texts), np.int64), missing)
    )
    clock = _clock(numbers, parts)
    missing |= bad | _out_of_clock(numbers, what is ColumnType.TIME)
    if what is ColumnType.DATE:
        missing |= clock != 0
        result = days
    elif what is ColumnType.TIME:
        result = clock
    else:
        result = days * 86_400_000_000 + clock
        if "z" in parts.columns:
            result = result - _offsets(parts["z"])
    return pl.Series(result).set(pl.Series(missing), None)


def _read_simple(texts: pl.Series, pattern: str, what: ColumnType) -> pl.Series:
    if "%H" in pattern:
        found = texts.str.strptime(pl.Datetime("us"), pattern, strict=False)
    else:
        found = texts.str.strptime(pl.Date, pattern, strict=False).cast(pl.Datetime("us"))
    micros = found.cast(pl.Int64)
    inside = (micros >= _FIRST) & (micros < _LAST)
    return _where(inside, micros // 86_400_000_000 if what is ColumnType.DATE else micros)


def _where(mask: pl.Series, values: pl.Series) -> pl.Series:
    """Values where a mask is true, and null elsewhere."""
    return values.zip_with(mask.fill_null(False), pl.Series([None], dtype=values.dtype))


def _numbers(texts: pl.Series) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = texts.cast(pl.Int64, strict=False).fill_null(0).to_numpy().astype(np.int64)
    return numbers


def _read_epoch(texts: pl.Series, pattern: str) -> pl.Series:
    whole = texts.str.extract(r"^(\d{9,16})(?:\.0+)?$").cast(pl.Int64, strict=False)
    result = whole * EPOCHS[pattern]
    # From 1973 to 2286 (s) or 5138 (ms, us): no two units overlap.
    inside = (whole >= 100_000_000_000_000 // EPOCHS[pattern]) & (whole < 100_000_000_000_000_000 // EPOCHS[pattern])
    return _where(inside, result)


def _days(numbers: dict[str, NDArray[np.int64]], century: int | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 1970-01-01, and which are no days of the calendar."""
    if "y" in numbers:
        start = 1970 if century is None else century
        year = start + (numbers["y"] - start) % 100
    else:
        year = numbers["Y"]
    bad = (year < 1) | (year > 9999)
    year = np.where(bad, 1, year)
    if "j" in numbers:
        first = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        following = (year - 1969).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        return first + numbers["j"] - 1, bad | (numbers["j"] < 1) | (numbers["j"] > following - first)
    month, day = numbers["m"], numbers.get("d", np.ones_like(year))
    bad = bad | (month < 1) | (month > 12)
    months = (year - 1970) * 12 + np.where(bad, 1, month) - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return first + day - 1, bad | (day < 1) | (day > following - first)


def _clock(numbers: dict[str, NDArray[np.int64]], parts: pl.DataFrame) -> NDArray[np.int64]:
    """Microseconds since 00:00."""
    zero = np.zeros(len(parts), np.int64)
    seconds = (numbers.get("H", zero) * 60 + numbers.get("M", zero)) * 60 + numbers.get("S", zero)
    if "f" not in parts.columns:
        return seconds * 1_000_000
    fraction = parts["f"].fill_null("0").str.pad_end(9, "0").cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    clock: NDArray[np.int64] = seconds * 1_000_000 + fraction // 1_000
    return clock


def _out_of_clock(numbers: dict[str, NDArray[np.int64]], duration: bool) -> NDArray[np.bool_]:
    zero = np.zeros(1, np.int64)
    late = zero > 0 if duration else numbers.get("H", zero) > 23
    return late | (numbers.get("M", zero) > 59) | (numbers.get("S", zero) > 59)


def _offsets(texts: pl.Series) -> NDArray[np.int64]:
    """Microseconds east of Greenwich."""
    texts = texts.fill_null("Z").str.replace("Z", "+00:00").str.replace(":", "")
    minutes = _numbers(texts.str.slice(1, 2)) * 60 + _numbers(texts.str.slice(3, 2))
    minutes[texts.str.starts_with("-").to_numpy()] *= -1
    offsets: NDArray[np.int64] = minutes * 60_000_000
    return offsets


def candidates(texts: pl.Series, base: ColumnOptions, *, this_year: int) -> list[ColumnOptions]:
    """The ways in which texts can be read as dates, timestamps or times: all of them, the likeliest one first.

    Two ways differ where days and months can be exchanged in every text.

    Args:
        texts: Trimmed distinct texts without missing ones.
        base: Name and source of the column.
        this_year: Two-digit years are not far behind it.
    """
    if len(texts) == 0:
        return []
    known = _patterns_of_shapes()
    if not any(re.match(_regex(pattern), texts[0]) for pattern in known.get(_shape_of(texts[0]), [])):
        return []  # nearly all columns that are no dates, and quickly
    if not all(shape in known for shape in _shapes(texts[:50]).unique()):
        return []
    by_shape = pl.DataFrame({"text": texts, "shape": _shapes(texts)}).partition_by("shape", as_dict=True)
    per_shape: list[list[str]] = []
    for (shape,), part in by_shape.items():
        fitting = [pattern for pattern in known.get(str(shape), []) if _fits(part["text"], pattern, base)]
        if not fitting:
            return []
        per_shape.append(fitting)
    found = [_options(base, patterns, texts, this_year) for patterns in _combined(per_shape)]
    ways = [options for options in found if options is not None and _plausible(texts, options)]
    year_first = bool(ways) and ways[0].patterns[0].startswith("%Y")
    if ways and "." in ways[0].patterns[0][:5]:
        ways.reverse()  # with dots, days are first nearly everywhere
    # The month follows a year in front, unless the calendar refuses it.
    return ways[:1] if year_first else ways


def _plausible(texts: pl.Series, options: ColumnOptions) -> bool:
    """Whether digits that nothing separates, or that are months only, are years from 1700 to 2200."""
    if re.search(r"%d.*%m|%m.*%d|%j|%[bB]", options.patterns[0]) and re.search(
        r"%Y\W|\W%Y|%y|%[bB]", options.patterns[0]
    ):
        return True
    if options.type is ColumnType.TIME:
        return True
    # Behind a year, 1 to 9 are terms or quarters rather than months that end in September.
    if texts.str.contains(r"^\d{4}\W\d$").any() and not texts.str.contains(r"^\d{4}\W1\d$").any():
        return False
    days = read(texts, options) // (86_400_000_000 if options.type is ColumnType.TIMESTAMP else 1)
    return bool(((days > -98_615) & (days < 84_006)).all())


def _fits(texts: pl.Series, pattern: str, base: ColumnOptions) -> bool:
    if not re.match(_regex(pattern), texts[0]):  # most patterns fail here, and quickly
        return False
    options = base.model_copy(update={"type": kind(pattern), "patterns": (pattern,)})
    return all(not read(part, options).null_count() for part in (texts[:50], texts[50:]))


def _combined(per_shape: Sequence[Sequence[str]]) -> Iterable[tuple[str, ...]]:
    """One pattern of each shape, all with days and months in the same order."""

    def day_first(pattern: str) -> bool | None:
        day, month = pattern.find("%d"), pattern.find("%m")
        return None if day < 0 or month < 0 else day < month

    for order in (False, True):
        chosen = [[p for p in patterns if day_first(p) in (order, None)][:1] for patterns in per_shape]
        if all(chosen):
            yield tuple(pattern for (pattern,) in chosen)
            if all(day_first(pattern) is None for (pattern,) in chosen):
                return


def _options(base: ColumnOptions, patterns: tuple[str, ...], texts: pl.Series, this_year: int) -> ColumnOptions | None:
    kinds = {kind(pattern) for pattern in patterns}
    if len(kinds) > 1 and ColumnType.TIME in kinds:
        return None
    what = ColumnType.TIMESTAMP if ColumnType.TIMESTAMP in kinds else kinds.pop()
    utc = what is ColumnType.TIMESTAMP and all(in_utc(p) for p in patterns if kind(p) is ColumnType.TIMESTAMP)
    options = base.model_copy(update={"type": what, "patterns": patterns, "utc": utc})
    if any("%y" in pattern for pattern in patterns):
        return options.model_copy(update={"century": _century(texts, options, this_year)})
    return options


def _century(texts: pl.Series, options: ColumnOptions, this_year: int) -> int:
    """The first of the hundred years that two-digit years mean.

    The years of a column lie together, and not in the far future: the widest gap between two of them on the circle of
    a hundred years is outside.
    """
    per_day = 86_400_000_000 if options.type is ColumnType.TIMESTAMP else 1
    days = read(texts, options.model_copy(update={"century": 2000})).drop_nulls() // per_day
    years = np.unique(days.to_numpy().astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) - 30)
    gaps = np.diff(years, append=years[0] + 100)
    widest = int(np.argmax(gaps))
    first, span = int(years[(widest + 1) % len(years)]), 100 - int(gaps[widest])
    start = 2000 + first if 2000 + first + span <= this_year + 1 else 1900 + first
    return min(start, start + span - 79)


def epochs(texts: pl.Series, base: ColumnOptions) -> ColumnOptions | None:
    """The units in which whole numbers are times since 1970, or None where any of them is outside 1985 to 2040."""
    if not texts.str.contains(r"^\d{9,16}(?:\.0+)?$").all():
        return None
    patterns = [pattern for pattern in EPOCHS if _read_epoch(texts, pattern).count()]
    patterns.sort(key=lambda pattern: -_read_epoch(texts, pattern).count())
    options = base.model_copy(update={"type": ColumnType.TIMESTAMP, "patterns": tuple(patterns), "utc": True})
    found = read(texts, options)
    years = found // (86_400_000_000 * 365.25) + 1970
    return options if not found.null_count() and years.min() >= 1985 and years.max() < 2040 else None  # type: ignore[operator]
