"""Proposes that a column decides another one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.kinds import Dependency
from synthserve_training.tables.constraints.proposing.evidence import ENOUGH, Proposal, Sample
from synthserve_training.tables.typed import TypedColumn

_KEYS = {ColumnType.CATEGORY, ColumnType.BOOLEAN}
"""Columns that decide others. Numbers of few rows are drawn from bins, so it is not known what they decide."""

_VALUES = {*_KEYS, ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DATE}
_ROWS_PER_KEY = 5


@dataclass(frozen=True)
class _Coded:
    name: str
    type: ColumnType
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def size(self) -> int:
        return len(self.counts)


def proposals(sample: Sample) -> Iterator[Proposal]:
    """Proposes dependencies: for each column the coarsest one that decides it."""
    rows = len(sample.table)
    coded = [_coded(column) for column in sample.table.columns if column.options.type in _VALUES]
    coded = [each for each in coded if 2 <= each.size <= rows / _ROWS_PER_KEY]
    keys = sorted((each for each in coded if each.type in _KEYS), key=lambda each: each.size)
    few = _places(sample)
    decided: set[str] = set()
    deciding: set[str] = set()
    for value in sorted(coded, key=lambda each: (-each.size, each.type is not ColumnType.INTEGER)):
        for key in keys:
            if key.name == value.name or key.name in decided or key.size < value.size or value.name in deciding:
                continue
            if not (_holds(key, value, few) and _holds(key, value, None)):
                continue
            surprise = -(rows - key.size) * float(np.log(np.sum((value.counts / rows) ** 2)))
            if surprise < ENOUGH or _rare(value) < ENOUGH / 3:
                continue
            decided.add(value.name)
            deciding.add(key.name)
            yield Proposal(
                Dependency(key=key.name, column=value.name),
                f"each of {key.size:,} values of {key.name} has but one of {value.size:,} of {value.name}",
            )
            break


def _rare(value: _Coded) -> float:
    """How many rows do not have the most frequent value: few of them can go together by chance."""
    return float(value.counts.sum() - value.counts.max())


def _places(sample: Sample) -> NDArray[np.int64]:
    step = max(1, len(sample.table) // 1_000)
    return np.arange(0, len(sample.table), step)


def _coded(column: TypedColumn) -> _Coded:
    distinct, codes = np.unique(column.values[column.valid], return_inverse=True)
    whole = np.full(len(column), len(distinct), np.int64)
    whole[column.valid] = codes.reshape(-1)
    counts = np.bincount(whole, minlength=len(distinct))
    return _Coded(column.options.name, column.options.type, whole, counts)


def _holds(key: _Coded, value: _Coded, rows: NDArray[np.int64] | None) -> bool:
    keys, values = (key.codes, value.codes) if rows is None else (key.codes[rows], value.codes[rows])
    last = np.zeros(key.size, np.int64)
    last[keys] = values
    return bool((last[keys] == values).all())
