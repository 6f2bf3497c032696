"""The shapes of codes, such as AA-9999: patterns and templates that have no code of the data in them."""

import re
from dataclasses import dataclass

import polars as pl

_SHARE = 0.9
"""So many of a column's texts, or of its rows, have to have one of a few shapes."""

_ROWS = 10
_MOST_SHAPES = 50
_MOST_WORDS = 3.0
_DIGITS_SHARE = 0.9
_MOST_WORDS_OF_A_SENTENCE = 12


def template(texts: pl.Series, rows: pl.Series) -> str | None:
    """The most frequent shape of texts of which templates can be learnt.

    Args:
        texts: Trimmed distinct texts.
        rows: How many rows have each.

    Returns:
        Such as AA-9999. None where at most 50 shapes of 10 rows or more cover less than 90 % of the rows.
    """
    for shapes in (_shapes(texts), _shapes(texts).str.replace_all("[9Aa]", "X")):
        found = pl.DataFrame({"shape": shapes, "rows": rows}).group_by("shape").agg(pl.col("rows").sum())
        frequent = found.filter(pl.col("rows") >= _ROWS).sort(["rows", "shape"], descending=True)
        if frequent.height <= _MOST_SHAPES and int(frequent["rows"].sum()) >= _SHARE * int(rows.sum()):
            return str(frequent["shape"][0])
    return None


def look_like_codes(texts: pl.Series) -> bool:
    """Whether most texts have digits, and few words."""
    digits, words = texts.str.contains(r"\d").mean(), texts.str.count_matches(r"\S+").mean()
    return bool(digits >= _DIGITS_SHARE and words <= _MOST_WORDS)  # type: ignore[operator]


def words(texts: pl.Series) -> dict[str, object]:
    """The options of a rule for texts: how many words texts of few words have, without the longest and the shortest.

    Args:
        texts: Trimmed texts, at least one.
    """
    counts = texts.str.count_matches(r"\S+")
    low, high = (int(counts.quantile(share, "nearest") or 1) for share in (0.05, 0.95))
    return {"words": [low, high]} if high <= _MOST_WORDS_OF_A_SENTENCE else {}


def _shapes(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(r"[0-9]", "9").str.replace_all(r"\p{Lu}", "A").str.replace_all(r"\p{Ll}", "a")


@dataclass(frozen=True)
class Likeness:
    """A regular expression whose matches look like some texts.

    Attributes:
        pattern: The expression.
        count: How many texts match; None: not known.
    """

    pattern: str
    count: int | None = None


def like(texts: pl.Series) -> Likeness | None:
    """An expression that is like the texts, with no part of them that fewer than ten rows have.

    Args:
        texts: Trimmed texts, one for each row or each distinct one.

    Returns:
        Of at most four shapes that cover 90 % of the texts; None where there are more.
    """
    shapes = _shapes(texts).alias("shape")
    likely = shapes.value_counts().sort(["count", "shape"], descending=[True, False]).head(4)
    if likely["count"].sum() < _SHARE * len(texts):
        pattern = _of_lengths(texts)
        return None if pattern is None else Likeness(pattern)
    found = [_likeness(str(shape), texts.filter(shapes == shape)) for shape in likely["shape"]]
    patterns = [each.pattern for each in found]
    pattern = patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"
    return Likeness(pattern, sum(each.count or 0 for each in found))


_CLASSES = {"9": ("[0-9]", 10), "A": ("[A-Z]", 26), "a": ("[a-z]", 26)}


def _likeness(shape: str, texts: pl.Series) -> Likeness:
    """Of texts of one shape. Runs of characters that ten texts or more all have stay as they are, such as a prefix."""
    pattern, count = "", 1
    for run in re.finditer(r"(.)\1*", shape, flags=re.DOTALL):
        letter, length = run.group(1), len(run.group())
        one, size = _CLASSES.get(letter, (re.escape(letter), 1))
        if size > 1 and len(texts) >= _ROWS:
            parts = texts.str.slice(run.start(), length).unique()
            if len(parts) == 1 and str(parts[0]).isascii():
                pattern += str(parts[0])
                continue
        pattern += one if length == 1 else f"{one}{{{length}}}"
        count *= size**length
    return Likeness(pattern, count)


def _of_lengths(texts: pl.Series) -> str | None:
    """The characters and lengths of codes that have no common shape."""
    if texts.str.contains(r"[^A-Za-z0-9]").any():
        return None
    parts = [
        part
        for part, found in (("A-Z", "[A-Z]"), ("a-z", "[a-z]"), ("0-9", "[0-9]"))
        if texts.str.contains(found).any()
    ]
    lengths = texts.str.len_chars()
    return f"[{''.join(parts)}]{{{lengths.quantile(0.05):.0f},{lengths.quantile(0.95):.0f}}}"
