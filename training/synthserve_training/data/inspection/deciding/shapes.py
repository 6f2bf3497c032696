"""The shapes of codes, such as AA-9999: patterns and templates that have no code of the data in them."""

import re

import polars as pl

_SHARE = 0.9
"""So many of a column's texts, or of its rows, have to have one of a few shapes."""

_ROWS = 10
_MOST_SHAPES = 50
_MOST_WORDS = 3.0
_DIGITS_SHARE = 0.9


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


def _shapes(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(r"[0-9]", "9").str.replace_all(r"\p{Lu}", "A").str.replace_all(r"\p{Ll}", "a")


def like(texts: pl.Series) -> str | None:
    """A regular expression whose matches look like the texts, with no text of fewer than ten rows in it.

    Args:
        texts: Trimmed texts, one for each row or each distinct one.

    Returns:
        At most four shapes that cover 90 % of the texts; None where there are more.
    """
    shapes = _shapes(texts).value_counts()
    shapes = shapes.sort(["count", shapes.columns[0]], descending=[True, False])
    likely = shapes.head(4)
    if likely["count"].sum() < _SHARE * len(texts):
        return _of_lengths(texts)
    patterns = [_pattern(str(shape)) for shape in likely[shapes.columns[0]]]
    return patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"


_CLASSES = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}


def _pattern(shape: str) -> str:
    result = ""
    for run in re.finditer(r"(.)\1*", shape, flags=re.DOTALL):
        letter, length = run.group(1), len(run.group())
        one = _CLASSES.get(letter) or re.escape(letter)
        result += one if length == 1 else f"{one}{{{length}}}"
    return result


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
