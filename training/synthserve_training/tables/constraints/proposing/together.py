"""Proposes which values occur together: one-hot groups, missing values, combinations."""

from collections.abc import Iterator
from itertools import combinations as pairs_of

import numpy as np
from numpy.typing import NDArray

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints import checking
from synthserve_training.tables.constraints.kinds import Combinations, Implication, OneHot, Side
from synthserve_training.tables.constraints.proposing.evidence import ENOUGH, Proposal, Sample, share
from synthserve_training.tables.typed import TypedColumn

_FEWEST = 3
"""Columns of a one-hot group: of two, one is just the opposite of the other."""

_MOST_VALUES = 50
_UNSEEN = 0.5
"""The least share of random pairs that are no combination of the data."""

_MOST_COMBINATIONS = 100_000


def one_hot(sample: Sample) -> Iterator[Proposal]:
    """Proposes runs of neighbouring truth values, or of numbers 0 and 1, of which exactly one is true."""
    columns = sample.table.columns
    flags = [_flag(column) for column in columns]
    place = 0
    while place < len(columns):
        total = np.zeros(len(sample.table), np.int64)
        end = None
        for later in range(place, len(columns)):
            flag = flags[later]
            if flag is None:
                break
            total += flag
            if total.max() > 1:
                break
            if total.min() == 1:
                end = later
                break
        if end is None or end - place + 1 < _FEWEST:
            place += 1
            continue
        names = tuple(column.options.name for column in columns[place : end + 1])
        yield Proposal(OneHot(columns=names), f"exactly one of {len(names)} is true in all rows")
        place = end + 1


def missing(sample: Sample) -> Iterator[Proposal]:
    """Proposes what decides that a value is missing: the values of a category, or another missing value."""
    columns = sample.table.columns
    gaps = [column for column in columns if 0 < int((~column.valid).sum()) < len(column)]
    hubs: list[TypedColumn] = []
    for column in gaps:
        hub = next((each for each in hubs if np.array_equal(each.valid, column.valid)), None)
        if hub is not None:
            yield from _missing_together(hub, column)
            continue
        hubs.append(column)
    for column in hubs:
        best = max(
            (_decided(each, column) for each in columns if _is_choice(each)), key=lambda found: found[0], default=None
        )
        if best is not None and best[0] > 0:
            yield from best[1]


def combinations(sample: Sample, min_rows: int) -> Iterator[Proposal]:
    """Proposes pairs of categories most of whose combinations are in no row."""
    categories = [(column, few) for column, few in sample.of_type(ColumnType.CATEGORY) if len(column.texts) > 2]
    for (first, few), (second, other_few) in pairs_of(categories, 2):
        if _unseen(few, other_few, 1) < _UNSEEN / 2:
            continue
        unseen = _unseen(first, second, min_rows)
        if unseen >= _UNSEEN and -len(first) * np.log1p(-min(unseen, 1 - 1e-12)) >= ENOUGH:
            names = (first.options.name, second.options.name)
            yield Proposal(
                Combinations(columns=names), f"{share(round(1000 * unseen), 1000)} of random pairs are in no row"
            )


def _flag(column: TypedColumn) -> NDArray[np.int64] | None:
    """The values of a column of truth values, or of 0 and 1, none of which is missing."""
    if column.options.type not in (ColumnType.BOOLEAN, ColumnType.INTEGER) or not column.valid.all() or not len(column):
        return None
    values = column.values.astype(np.int64)
    return values if int(values.min()) == 0 and int(values.max()) == 1 else None


def _missing_together(first: TypedColumn, second: TypedColumn) -> Iterator[Proposal]:
    count = int((~first.valid).sum())
    if count * np.log(len(first) / count) < ENOUGH:
        return
    one, other = first.options.name, second.options.name
    for is_missing in (True, False):
        when, then = (Side(column=name, missing=is_missing) for name in (one, other))
        yield Proposal(Implication(when=when, then=then), f"missing in the same {count:,} rows")


def _is_choice(column: TypedColumn) -> bool:
    kind = column.options.type
    return kind is ColumnType.BOOLEAN or (kind is ColumnType.CATEGORY and len(column.texts) <= _MOST_VALUES)


def _decided(key: TypedColumn, column: TypedColumn) -> tuple[int, list[Proposal]]:
    """With which values of a column another one is always missing, or never: in how many rows, and proposals."""
    if key is column:
        return 0, []
    texts = ("false", "true") if key.options.type is ColumnType.BOOLEAN else key.texts
    codes = checking.codes_of(key)
    rows = np.bincount(codes[codes >= 0], minlength=len(texts))
    absent = np.bincount(codes[(codes >= 0) & ~column.valid], minlength=len(texts))
    rate = float((~column.valid).mean())
    always = (rows > 0) & (absent == rows) & (-rows * np.log(rate) >= ENOUGH)
    never = (rows > 0) & (absent == 0) & (-rows * np.log1p(-rate) >= ENOUGH)
    if not always.any():
        return 0, []
    found = []
    for chosen, is_missing in ((always, True), (never, False)):
        values = tuple(text for text, each in zip(texts, chosen, strict=True) if each)
        if values:
            side = Side(column=column.options.name, missing=is_missing)
            evidence = f"in all of {int(rows[chosen].sum()):,} rows; {100 * rate:.0f} % are missing in all"
            found.append(Proposal(Implication(when=Side(column=key.options.name, values=values), then=side), evidence))
    return int(rows[always].sum()), found


def _unseen(first: TypedColumn, second: TypedColumn, min_rows: int) -> float:
    """The share of random pairs in no row; 0 where a pair is in fewer than `min_rows`, or there are too many."""
    codes = [checking.codes_of(column) for column in (first, second)]
    sizes = [len(column.texts) + 1 for column in (first, second)]
    pairs, counts = np.unique((codes[0] + 1) * sizes[1] + codes[1] + 1, return_counts=True)
    if len(pairs) > _MOST_COMBINATIONS or int(counts.min()) < min_rows:
        return 0.0
    shares = [np.bincount(each + 1, minlength=size) / len(first) for each, size in zip(codes, sizes, strict=True)]
    return 1.0 - float((shares[0][pairs // sizes[1]] * shares[1][pairs % sizes[1]]).sum())
