"""Numbers as people write them: signs, groups of thousands, decimal marks, currencies, percent and units."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from synthserve_training.data.inspection.formats.units import CURRENCIES, UNITS
from synthserve_training.tables.columns import ColumnOptions, ColumnType


def _either(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_SIGN = r"[-+−]"
_BODY = r"(?:\d[\d.,'’\x{a0}\x{202f}\x{2009} ]*|[.,]\d+)"
_WHOLE = (
    rf"^(?P<open>\(\s*)?(?:{_SIGN}\s*)?(?P<before>(?:{_either(CURRENCIES)})\s*)?(?:{_SIGN}\s*)?(?P<body>{_BODY})"
    rf"(?P<power>[eE][-+]?\d+)?(?P<behind>\s*(?:{_either(CURRENCIES + UNITS)}))?(?P<close>\s*\))?$"
)
_PLAIN = r"^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$"


@dataclass(frozen=True)
class Notation:
    """A decimal mark, and what separates thousands."""

    mark: str = "."
    grouping: str = ""

    @property
    def whole(self) -> str:
        """The pattern of digits before the decimal mark."""
        group = re.escape(self.grouping)
        # Indian numbers have groups of two before the last one: 12,34,567.
        return rf"(?:\d+|[1-9]\d{{0,2}}(?:{group}\d{{2,3}})*{group}\d{{3}})" if group else r"\d+"

    @property
    def body(self) -> str:
        """The pattern of a number without sign, currency and unit."""
        mark = re.escape(self.mark)
        return rf"^(?:{self.whole}(?:{mark}\d*)?|{mark}\d+)$"


_NO_FLAGS: tuple[str, ...] = ()

_NOTATIONS = [
    Notation(".", ""),
    Notation(",", ""),
    Notation(".", ","),
    Notation(",", "."),
    Notation(".", " "),
    Notation(",", " "),
    Notation(".", "'"),
    Notation(",", "'"),
]
"""From the simplest one. Blanks and apostrophes of other kinds are read as these."""


def _same_blanks(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"[\x{a0}\x{202f}\x{2009}]", " ").str.replace_all("’", "'", literal=True)


def _bare(texts: pl.Series, options: ColumnOptions) -> pl.Series:
    """The texts as `-1234.5`, null where they are not written as the options say."""
    text = _same_blanks(pl.col("text"))
    in_parentheses = pl.lit(False)
    if options.parentheses:
        in_parentheses = pl.col("text").str.contains(r"^\(.*\)$")
        text = text.str.replace(r"^\(\s*(.*?)\s*\)$", "${1}")
    before = rf"(?:{re.escape(options.prefix.strip())}\s*)?" if options.prefix.strip() else ""
    behind = rf"\s*(?:{re.escape(options.suffix.strip())})?" if options.suffix.strip() else ""
    behind += rf"\s*(?:{_either(list(options.flags))})?" if options.flags else ""
    body = Notation(options.decimal_mark, options.grouping).body[1:-1]
    pattern = rf"^(?P<a>{_SIGN})?\s*{before}(?P<b>{_SIGN})?\s*(?P<body>{body})(?P<power>[eE][-+]?\d+)?{behind}$"
    parts = pl.DataFrame({"text": texts}).select_seq(
        in_parentheses.alias("negative"), text.str.extract_groups(pattern).alias("parts")
    )
    found = pl.col("body")
    if options.grouping:
        found = found.str.replace_all(options.grouping, "", literal=True)
    if options.decimal_mark != ".":
        found = found.str.replace(options.decimal_mark, ".", literal=True)
    minus = pl.concat_str("a", "b", ignore_nulls=True).str.contains("[-−]") != pl.col("negative")
    digits = found + pl.col("power").fill_null("")
    return parts.unnest("parts").select_seq(pl.when(minus).then("-" + digits).otherwise(digits).alias("bare"))["bare"]


def read(texts: pl.Series, options: ColumnOptions) -> pl.Series:
    """Reads numbers.

    Args:
        texts: Trimmed texts.
        options: Of type INTEGER or DECIMAL.

    Returns:
        Int64 or Float64, null where a text is not such a number, is not finite, or does not fit into 64 bits.
    """
    plain = options.decimal_mark == "." and not (
        options.grouping or options.prefix or options.suffix or options.parentheses or options.flags
    )
    bare = texts if plain else _bare(texts, options)
    if options.type is ColumnType.INTEGER:
        found = bare.cast(pl.Int64, strict=False)
        if found.null_count() > bare.null_count():
            found = found.fill_null(bare.str.extract(r"^([-+]?\d+)\.0*$").cast(pl.Int64, strict=False))
        return found
    found = bare.cast(pl.Float64, strict=False)
    # The cast takes words such as inf and nan.
    if found.is_finite().all() and not found.null_count():
        return found
    finite = pl.col("found").is_finite() & pl.col("bare").str.contains(r"^[-+.]?\d|^[-+]\.\d")
    return pl.DataFrame({"found": found, "bare": bare}).select_seq(pl.when(finite).then("found").alias("found"))[
        "found"
    ]


@dataclass(frozen=True)
class Parts:
    """Texts that look like numbers, taken apart once for all notations.

    Attributes:
        frame: Of each text the columns open, before, body, power, behind, close; null where it looks like no number.
    """

    frame: pl.DataFrame

    @classmethod
    def of(cls, texts: pl.Series) -> "Parts":
        """Takes trimmed texts apart."""
        text = _same_blanks(pl.col("text"))
        return cls(
            pl.DataFrame({"text": texts}).select_seq(text.str.extract_groups(_WHOLE).alias("parts")).unnest("parts")
        )


def candidates(texts: pl.Series, base: ColumnOptions) -> list[ColumnOptions]:
    """The ways in which texts can be read as numbers: at most two, the simpler one first.

    Args:
        texts: Trimmed distinct texts without missing ones, at least one.
        base: Name and source of the column.
    """
    if _all(texts, _PLAIN):
        powers = bool(texts.str.contains("[eE]").any())
        bodies = texts.str.strip_chars_start("+-")
        return _notations(texts, bodies.str.replace(r"[eE].*$", "") if powers else bodies, powers, {}, base)
    bare, flags = texts, _NO_FLAGS
    parts = Parts.of(texts).frame if texts[:20].str.contains(_WHOLE).any() else None
    affixes = _affixes(parts) if parts is not None else None
    if affixes is None:
        flags, bare = _flags(texts)
        if not flags:
            return []
        parts = Parts.of(bare).frame
        affixes = _affixes(parts)
    if parts is None or affixes is None:
        return []
    powers = bool(parts["power"].is_not_null().any())
    found = affixes | {"flags": flags} if flags else affixes
    return _notations(texts, parts["body"].str.strip_chars_end(), powers, found, base)


def _all(texts: pl.Series, pattern: str) -> bool:
    """Whether all texts match; most that do not are found out by the first ones."""
    few = len(texts) <= 1_000
    return (few or bool(texts[:50].str.contains(pattern).all())) and bool(texts.str.contains(pattern).all())


def _notations(
    texts: pl.Series, bodies: pl.Series, powers: bool, affixes: Mapping[str, object], base: ColumnOptions
) -> list[ColumnOptions]:
    marks = set("".join(bodies.str.replace_all(r"\d+", "").unique()))
    possible = [
        one for one in _NOTATIONS if marks <= {one.mark, one.grouping} and (not one.grouping or one.grouping in marks)
    ]
    if not marks:
        possible = [Notation()]
    fitting = [one for one in possible if _all(bodies, one.body)]
    found = [_options(base, notation, bodies, powers, affixes) for notation in fitting]
    return found[:1] + [other for other in found[1:2] if doubtful(found[0], other, texts) is not None]


def _flags(texts: pl.Series) -> tuple[tuple[str, ...], pl.Series]:
    """Flags behind some of the numbers, such as p of `12345p` or the star of `1.5*`, and the texts without them."""
    found = texts.str.extract(r"\d\s*([a-z]|[*†‡]+|\[\w{1,3}\])$")
    flags = found.drop_nulls().unique().sort()
    if not 1 <= len(flags) <= 5 or found.null_count() * 2 < len(texts):
        return (), texts
    # House numbers and sizes have letters too, but are short.
    if flags.str.contains("[a-z]").any() and texts.str.len_chars().median() < 5:  # type: ignore[operator]
        return (), texts
    return tuple(flags), texts.str.replace(r"(\d)\s*(?:[a-z]|[*†‡]+|\[\w{1,3}\])$", "${1}")


def doubtful(first: ColumnOptions, second: ColumnOptions, texts: pl.Series) -> str | None:
    """The first text that two ways read as different numbers."""
    one, two = (read(texts, options).cast(pl.Float64) for options in (first, second))
    different = texts.filter((one != two).fill_null(False))
    return str(different[0]) if len(different) else None


def _affixes(parts: pl.DataFrame) -> dict[str, object] | None:
    """Currency, unit and parentheses, where they are the same throughout; None where they are not."""
    if parts["body"].null_count():
        return None
    opened, closed = pl.col("open").is_not_null(), pl.col("close").is_not_null()
    before, behind = (pl.col(side).fill_null("") for side in ("before", "behind"))
    facts = parts.select_seq(
        (opened == closed).all().alias("closed"),
        opened.any().alias("parentheses"),
        before.str.strip_chars().n_unique().alias("prefixes"),
        behind.str.strip_chars().n_unique().alias("suffixes"),
        before.mode().sort().first().alias("prefix"),
        behind.mode().sort().first().alias("suffix"),
    ).row(0, named=True)
    if not facts["closed"] or facts["prefixes"] > 1 or facts["suffixes"] > 1:
        return None
    return {option: facts[option] for option in ("prefix", "suffix", "parentheses") if facts[option]}


def _options(
    base: ColumnOptions, notation: Notation, bodies: pl.Series, powers: bool, affixes: Mapping[str, object]
) -> ColumnOptions:
    body, mark = pl.col("body"), re.escape(notation.mark)
    digits = body.str.extract(rf"{mark}(\d*)$").fill_null("").str.len_chars()
    facts = (
        pl.DataFrame({"body": bodies})
        .select_seq(
            digits.max().alias("most"),
            digits.min().alias("fewest"),
            body.str.contains(notation.mark, literal=True).any().alias("marked"),
            (body.str.contains(notation.grouping, literal=True).any() if notation.grouping else pl.lit(False)).alias(
                "grouped"
            ),
        )
        .row(0, named=True)
    )
    decimals, fewest = facts["most"], facts["fewest"]
    more = dict(affixes)
    if facts["grouped"]:
        more["grouping"] = notation.grouping
    if decimals or powers or facts["marked"]:
        more |= {"type": ColumnType.DECIMAL, "decimal_mark": notation.mark}
        if not powers and decimals <= 15:
            more |= {"decimals": decimals, "fixed_decimals": decimals > 0 and fewest == decimals}
    else:
        more["type"] = ColumnType.INTEGER
    return base.model_copy(update=more)


def plain_pattern(options: ColumnOptions) -> str | None:
    """The pattern of texts that are certainly such numbers, without leading zeros; None where it is not so simple."""
    dressed = options.grouping or options.prefix or options.suffix or options.flags or options.parentheses
    if dressed or options.digits or options.type not in (ColumnType.INTEGER, ColumnType.DECIMAL):
        return None
    whole = r"^-?(?:0|[1-9]\d{0,16})"
    if options.type is ColumnType.INTEGER:
        return rf"{whole}$"
    if not options.decimals:
        return None
    mark = re.escape(options.decimal_mark)
    if options.fixed_decimals:
        return rf"{whole}{mark}\d{{{options.decimals}}}$"
    return rf"{whole}(?:{mark}\d{{1,{options.decimals}}})?$"


def leading_zeros(texts: pl.Series) -> bool:
    """Whether any text has a zero before other digits, as codes have."""
    return bool(texts.str.contains(r"^[-+]?0\d").any())


def decimals(texts: pl.Series, options: ColumnOptions) -> pl.Series:
    """How many decimals each text has: UInt32."""
    return texts.str.extract(rf"{re.escape(options.decimal_mark)}(\d*)").fill_null("").str.len_chars()
