"""Truth values as people write them."""

import polars as pl

from synthserve_training.tables.columns import ColumnOptions, ColumnType

_PAIRS = [
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("on", "off"),
    ("1", "0"),
    ("1.0", "0.0"),
    ("ja", "nein"),
    ("j", "n"),
    ("oui", "non"),
    ("si", "no"),
    ("sí", "no"),
    ("s", "n"),
    ("sim", "não"),
    ("да", "нет"),
    ("wahr", "falsch"),
    ("vrai", "faux"),
]
_ALONE = {"true": "false", "yes": "no", "x": None, "✓": None, "✔": None}
"""Words that are truth values where the column has no other value: the word of false, or None where it is the empty
cell. Single letters are not among them."""

_FALSE_ALONE = {"false": "true", "no": "yes"}


def candidate(texts: pl.Series, base: ColumnOptions, *, some_missing: bool) -> ColumnOptions | None:
    """The truth values that texts are, or None.

    Args:
        texts: Trimmed distinct texts without missing ones, the most frequent first.
        base: Name and source of the column.
        some_missing: Whether cells are missing.
    """
    if not 1 <= len(texts) <= 6:
        return None
    words = {text.lower() for text in texts}
    for true, false in _PAIRS:
        if words == {true, false}:
            return _options(base, texts, true, false)
    if len(words) == 1 and some_missing:
        word = words.pop()
        if word in _ALONE:
            other = _ALONE[word]
            return _options(base, texts, word, None if other is None else _cased(other, texts[0]))
        if word in _FALSE_ALONE:
            return _options(base, texts, _cased(_FALSE_ALONE[word], texts[0]), word)
    return None


def _cased(word: str, like: str) -> str:
    return word.upper() if like.isupper() else word.capitalize() if like[:1].isupper() else word


def _options(base: ColumnOptions, texts: pl.Series, true: str, false: str | None) -> ColumnOptions:
    def written(word: str | None) -> tuple[str, ...]:
        if word is None:
            return ()
        return tuple(text for text in texts if text.lower() == word.lower()) or (word,)

    return base.model_copy(update={"type": ColumnType.BOOLEAN, "true": written(true), "false": written(false)})


def read(texts: pl.Series, options: ColumnOptions) -> pl.Series:
    """Reads truth values: Boolean, null where a text is neither true nor false."""
    true, false = texts.is_in(list(options.true)), texts.is_in(list(options.false))
    return true.set(~(true | false), None)
