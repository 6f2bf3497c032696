"""Columns of texts that hardly repeat, such as licence plates: one token, the template of the text.

A template such as AA-9999 says which characters a text can have at each place. Its texts are equally likely, so the
network learns the template only, and no text of few rows is in the model. No text has two templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import LEAST_RARE, UNKNOWN, Encoded, Token, rare_share, shapes
from synthserve_training.models.autoregressive.tokens.shapes import Group
from synthserve_training.tables.typed import TypedColumn

_ASCII = 128

_KEPT_SHARE = 0.995
"""So many rows of a template have to have one of the characters that it keeps at a place."""


@dataclass(frozen=True)
class Template:
    """Texts of one length.

    Attributes:
        places: The possible characters at each place. They are letters and digits of ASCII, or one character of any
            kind.
    """

    places: tuple[str, ...]

    @cached_property
    def size(self) -> int:
        """How many texts it has."""
        return prod(map(len, self.places))

    @cached_property
    def byte_places(self) -> tuple[bytes, ...]:
        """The possible bytes at each byte of the text in UTF-8."""
        return tuple(
            byte
            for place in self.places
            for byte in ([place.encode()] if len(place) > 1 else [bytes([each]) for each in place.encode()])
        )

    def of(self, characters: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Which texts are of the template: the indices of rows of `characters`, [n, places], as code points."""
        found = np.arange(len(characters))
        for place, allowed in enumerate(self.places):
            here = characters[found, place]
            if len(allowed) == 1:
                found = found[here == ord(allowed)]
                continue
            known = np.zeros(_ASCII + 1, np.bool_)
            known[[ord(each) for each in allowed]] = True
            found = found[known[np.minimum(here, _ASCII)]]
        return found


@dataclass(frozen=True)
class TemplateCode:
    """A column of texts with templates.

    Attributes:
        name: The column's name.
        templates: In the order of their codes; no text is of two of them.
        missing: Whether the value can be missing; its code is the last one.
        shares: As in `ColumnCode`.
        rare: As in `ColumnCode`.
    """

    name: str
    templates: tuple[Template, ...]
    missing: bool
    shares: NDArray[np.float32]
    rare: float = LEAST_RARE

    ordered = 0

    @property
    def tokens(self) -> tuple[Token, ...]:
        """One token."""
        return (Token(self.name, len(self.templates) + self.missing),)

    def encode(self, column: TypedColumn) -> Encoded:
        """Encodes texts; those of no template become `UNKNOWN`."""
        # One more, which the indices of missing values can point to where there are no texts.
        of_text = np.r_[self.of_texts(column.texts), np.int32(UNKNOWN)]
        codes = np.where(column.valid, of_text[column.values], len(self.templates) if self.missing else UNKNOWN)
        return Encoded(codes.astype(np.int32)[:, None], np.zeros((len(column), 1), np.int32))

    def context(self, index: int, codes: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """There is but one token."""
        raise IndexError(index)

    def of_texts(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The template of each text, [n]; `UNKNOWN` where it is of none."""
        found = np.full(len(texts), UNKNOWN, np.int32)
        for rows, characters in shapes.by_length(texts):
            for code, template in enumerate(self.templates):
                if len(template.places) == characters.shape[1]:
                    found[rows[template.of(characters)]] = code
        return found


def fit(column: TypedColumn, min_rows: int) -> TemplateCode:
    """Finds templates that have at least `min_rows` rows each.

    Where a template leaves fewer characters than all digits, all capital or all small letters, each of them has at
    least `min_rows` rows.
    """
    counts = np.bincount(column.values[column.valid], minlength=len(column.texts))[: len(column.texts)]
    made = [_template(group, min_rows) for group in shapes.groups(column.texts, counts, min_rows)]
    sketch = TemplateCode(column.options.name, tuple(made), missing=False, shares=np.zeros(0, np.float32))
    of_text = sketch.of_texts(column.texts)
    rows = np.bincount(of_text[of_text >= 0], counts[of_text >= 0], len(made)).astype(np.int64)
    kept = [int(place) for place in np.argsort(-rows, kind="stable") if rows[place] >= min_rows]
    missing_count = int((~column.valid).sum())
    missing = missing_count >= min_rows
    found = np.array([*rows[kept], *([missing_count] if missing else [])], np.float64)
    shares = (found / max(found.sum(), 1.0)).astype(np.float32)
    rare = rare_share(len(column) - int(found.sum()), len(column))
    return TemplateCode(column.options.name, tuple(made[place] for place in kept), missing, shares, rare)


def _template(group: Group, min_rows: int) -> Template:
    return Template(tuple(_allowed(here, group.rows, min_rows) for here in group.characters.T))


def _allowed(characters: NDArray[np.uint32], rows: NDArray[np.int64], min_rows: int) -> str:
    """The characters of a place: those of enough rows if these are nearly all rows, else whole classes."""
    distinct, which = np.unique(characters, return_inverse=True)
    counts = np.bincount(which.reshape(-1), rows, len(distinct))
    frequent = counts >= min_rows
    if counts[frequent].sum() >= _KEPT_SHARE * counts.sum():
        return "".join(map(chr, distinct[frequent]))
    return shapes.alphabet(distinct)
