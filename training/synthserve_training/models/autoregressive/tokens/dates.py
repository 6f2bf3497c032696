"""Columns of dates: the month, then the day, which may score by weekday; of timestamps, then the time of day.

The month is a number like any other (`NumberCode`), counted from year 0. The days that a month has are the only ones
that can be drawn in it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import UNKNOWN, Encoded, Token, concatenated
from synthserve_training.models.autoregressive.tokens import numbers as number_tokens
from synthserve_training.models.autoregressive.tokens.lattice import Lattice
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.typed import TypedColumn

DAYS, WEEK = 31, 7
MICROSECONDS = 86_400_000_000
_EPOCH_MONTH = 1970 * 12
_THURSDAY = 3  # 1970-01-01, counted from Monday
_MONTHS = Lattice(0, 1, 1)


@dataclass(frozen=True)
class DateCode:
    """A column of dates or timestamps.

    Attributes:
        name: The column's name.
        months: The tokens of the month.
        first_month: The first month that can be drawn.
        last_month: The last one.
        time: The tokens of the time of day in microseconds; None for dates.
    """

    name: str
    months: NumberCode
    first_month: int
    last_month: int
    time: NumberCode | None

    @property
    def shares(self) -> NDArray[np.float32]:
        """Of the months."""
        return self.months.shares

    @property
    def rare(self) -> float:
        """Of the months."""
        return self.months.rare

    @property
    def ordered(self) -> int:
        """Months are ordered."""
        return self.months.ordered

    @property
    def missing(self) -> bool:
        """Whether the value can be missing."""
        return self.months.missing

    @cached_property
    def first_days(self) -> NDArray[np.int64]:
        """[months]: the first day of each month that can be drawn, in days since 1970-01-01."""
        return first_day(np.arange(self.first_month, self.last_month + 1))

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """[months]: how many days each month has."""
        return first_day(np.arange(self.first_month + 1, self.last_month + 2)) - self.first_days

    @cached_property
    def day(self) -> Token:
        """The token of the day; its context is the number of the month among those that can be drawn."""
        days = np.arange(DAYS)
        allowed = days[None] < self.lengths[:, None]
        weekdays = (self.first_days[:, None] + days[None] + _THURSDAY) % WEEK
        places = ((days + 0.5) / DAYS)[None].astype(np.float32)
        return Token(f"{self.name}:day", DAYS, allowed, classes=weekdays.astype(np.int32), places=places)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Month, day, time of day."""
        return (*self.months.tokens, self.day, *(self.time.tokens if self.time else ()))

    def encode(self, column: TypedColumn) -> Encoded:
        """Encodes values of the column."""
        days, time = split(column)
        months = month_of(days)
        coded = self.months.encode_ranks(months, column.valid)
        known = column.valid & (coded.codes[:, 0] >= 0)
        contexts = np.clip(months - self.first_month, 0, self.last_month - self.first_month)
        day = np.where(known, days - first_day(months), UNKNOWN)
        # A date before the first month or after the last counts as one of that month, which can be shorter.
        day = np.minimum(day, self.lengths[contexts] - 1)
        parts = [coded, Encoded(day.astype(np.int32)[:, None], contexts.astype(np.int32)[:, None])]
        if self.time:
            of_day = self.time.encode_ranks(self.time.lattice.ranks(time), column.valid)
            codes = np.where(known[:, None], of_day.codes, UNKNOWN).astype(np.int32)
            parts.append(Encoded(codes, of_day.contexts))
        return concatenated(parts)

    def context(self, index: int, codes: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """See `ColumnCode`. A month of a bin counts as the first one of it."""
        place = len(self.months.tokens)
        if index < place:
            return self.months.context(index, codes)
        present = codes[:, 0] < self.months.ordered
        if index == place:
            starts = self.starts
            return present, starts[np.where(present, codes[:, 0], 0)] - self.first_month
        if self.time is None:
            raise IndexError(index)
        has, context = (
            self.time.context(index - place - 1, codes[:, place + 1 :])
            if index > place + 1
            else (present, codes[:, 0] * 0)
        )
        return has & present, context

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """[codes of the month without the missing one]: the first month of each."""
        months = self.months
        starts = months.point(months.edges[:, 0]) if len(months.edges) else np.zeros(0, np.int64)
        firsts: NDArray[np.int64] = np.r_[months.atoms, starts][months.order]
        return firsts


def fit(column: TypedColumn, min_rows: int) -> DateCode:
    """Finds the tokens of a column of dates or timestamps."""
    days, time = split(column)
    months = number_tokens.fit(column.options.name, _MONTHS, month_of(days), column.valid, min_rows)
    ranks = months.atoms
    if len(months.edges):
        ranks = np.r_[ranks, months.point(np.array([months.edges[0, 0], months.edges[-1, -1] - 1]))]
    first, last = (int(ranks.min()), int(ranks.max())) if len(ranks) else (_EPOCH_MONTH, _EPOCH_MONTH)
    of_day = None
    if column.options.type is ColumnType.TIMESTAMP:
        lattice = Lattice.of_integers(time[column.valid]) if column.valid.any() else Lattice(0, 1, 1)
        # The part that is missing is the month's to say.
        present = lattice.ranks(time[column.valid])
        of_day = number_tokens.fit(
            f"{column.options.name}:time", lattice, present, np.ones(len(present), np.bool_), min_rows
        )
    return DateCode(column.options.name, months, first, last, of_day)


def split(column: TypedColumn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Days since 1970-01-01, and microseconds since midnight."""
    values = np.where(column.valid, column.values, 0).astype(np.int64)
    if column.options.type is ColumnType.DATE:
        return values, np.zeros_like(values)
    return values // MICROSECONDS, values % MICROSECONDS


def month_of(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """The month of days since 1970-01-01, counted from January of year 0."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + _EPOCH_MONTH


def first_day(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first day of months, in days since 1970-01-01."""
    return (months - _EPOCH_MONTH).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
