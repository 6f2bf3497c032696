"""The singling-out attack: can an attacker make conditions from generated rows that fit exactly one real person?

After Giomi, Boenisch, Wehmeyer and Tasnádi (2023), "A Unified Framework for Quantifying Privacy Risk in Synthetic
Data". An attacker who guesses well has learnt of the population, so the same guesses are tried on held-out rows: the
risk is how much better they do on the training rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.measures import intervals
from synthserve_training.evaluation.tables.measures.intervals import Interval

_GUESSES = 1000
_WIDTHS = 3, 8
"""Columns of a guess about several: at least, and at most."""
_TRIES = 5
"""For each guess, until one singles out a generated row."""

Predicate = tuple[tuple[str, str, float], ...]
"""Conditions that hold together: a column, one of `==`, `<=`, `>=`, `missing`, and a value in the form of `Coded`."""


@dataclass(frozen=True)
class Risk:
    """What the attack found.

    Attributes:
        guesses: How many predicates were tried.
        train: The share of them that fit exactly one training row.
        control: The share that would fit exactly one of as many other rows.
        value: How much of what other rows do not give away the training rows do: (train - control) / (1 - control).
        interval: Its 95 % interval.
    """

    guesses: int
    train: float
    control: float
    value: float
    interval: Interval


def univariate(
    train: pd.DataFrame, held_out: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns, seed: int
) -> Risk | None:
    """Guesses about one column: a value that one generated row has, or anything beyond its extremes.

    Returns:
        None: no value is unique to a generated row.
    """
    tables = _coded(train, held_out, synthetic, columns)
    found = [
        ((name, *rest),) for name in columns.measured for rest in _unique(tables[2][name], name in columns.numbers)
    ]
    generator = np.random.default_rng(seed)
    chosen = [found[index] for index in generator.permutation(len(found))[:_GUESSES]]
    return _risk(chosen, tables)


def multivariate(
    train: pd.DataFrame, held_out: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns, seed: int
) -> Risk | None:
    """Guesses about three to eight columns of a generated row: its categories, and numbers beyond its own.

    Returns:
        None: none of these singles out a generated row.
    """
    tables = _coded(train, held_out, synthetic, columns)
    drawn = tables[2]
    medians = {name: float(np.nanmedian(values)) for name, values in drawn.items() if not np.isnan(values).all()}
    generator = np.random.default_rng(seed)
    least, most = (min(width, len(columns.measured)) for width in _WIDTHS)
    chosen: dict[Predicate, None] = {}
    for _ in range(_TRIES * _GUESSES):
        row = int(generator.integers(len(synthetic)))
        width = int(generator.integers(least, most + 1))
        names = sorted(generator.choice(columns.measured, width, replace=False).tolist())
        guess = tuple(_condition(name, drawn[name][row], name in columns.numbers, medians) for name in names)
        if len(_fitting(guess, drawn)) == 1:
            chosen[guess] = None
            if len(chosen) == _GUESSES:
                break
    return _risk(list(chosen), tables)


Coded = dict[str, NDArray[np.float64]]
"""A table as numbers by column; a missing value is NaN."""


def _coded(train: pd.DataFrame, held_out: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns) -> list[Coded]:
    frames = (train, held_out, synthetic)
    tables: list[Coded] = [{}, {}, {}]
    ends = np.cumsum([len(frame) for frame in frames])[:-1]
    for name in columns.measured:
        values = pd.concat([frame[name] for frame in frames], ignore_index=True)
        if name in columns.categories:
            codes = pd.factorize(values)[0].astype(np.float64)
            codes[codes < 0] = np.nan
        else:
            codes = values.to_numpy(np.float64)
        for table, part in zip(tables, np.split(codes, ends), strict=True):
            table[name] = part
    return tables


def _unique(values: NDArray[np.float64], numeric: bool) -> Iterator[tuple[str, float]]:
    known, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    for value in known[counts == 1]:
        yield "==", float(value)
    if numeric and len(known):
        yield "<=", float(known[0])
        yield ">=", float(known[-1])
    if np.isnan(values).sum() == 1:
        yield "missing", 0.0


def _condition(name: str, value: float, numeric: bool, medians: dict[str, float]) -> tuple[str, str, float]:
    if np.isnan(value):
        return name, "missing", 0.0
    if not numeric:
        return name, "==", float(value)
    return name, ">=" if value > medians[name] else "<=", float(value)


def _fitting(predicate: Predicate, table: Coded) -> NDArray[np.int64]:
    """Which rows fulfil a predicate."""
    fits = np.ones(len(table[predicate[0][0]]), np.bool_)
    for name, relation, value in predicate:
        values = table[name]
        match relation:
            case "==":
                one = values == value
            case "<=":
                one = values <= value
            case ">=":
                one = values >= value
            case _:
                one = np.isnan(values)
        fits &= one
    return np.flatnonzero(fits)


def _risk(predicates: Sequence[Predicate], tables: Sequence[Coded]) -> Risk | None:
    if not predicates:
        return None
    count = len(predicates)
    found = [[_fitting(guess, table) for guess in predicates] for table in tables[:2]]
    sizes = [len(next(iter(table.values()))) for table in tables[:2]]
    factor = size_factor(np.array([len(rows) for rows in found[1]]), sizes[1], sizes[0])
    (single, train_half), (alone, control_half) = (_singled_out(fits) for fits in found)
    train, control = single, min(1.0, factor * alone)
    left = max(1.0 - control, 1e-9)
    # By the derivatives of (train - control) / (1 - control).
    half = float(np.hypot(train_half / left, factor * control_half * (1.0 - train) / left**2))
    value = (train - control) / left
    return Risk(count, train, control, value, (value - half, value + half))


def _singled_out(fits: Sequence[NDArray[np.int64]]) -> tuple[float, float]:
    """The share of predicates that fit exactly one row, and half of its interval.

    Many predicates can fit the same row, and then they succeed together. So the interval is that of as many fewer
    predicates as fit the row of an average success.
    """
    hit = np.array([rows[0] for rows in fits if len(rows) == 1], np.int64)
    low, high = intervals.of_share(len(hit), len(fits))
    together = float(np.square(np.bincount(hit)).sum() / len(hit)) if len(hit) else 1.0
    return len(hit) / len(fits), (high - low) / 2 * float(np.sqrt(together))


def size_factor(counts: NDArray[np.int64], size: int, wanted: int) -> float:
    """How much likelier a predicate fits exactly one of `wanted` rows than one of `size` rows.

    How often predicates fit a row is taken to be exponentially distributed, beside those that never fit. Then the
    number of rows that fit is geometric, and the numbers of predicates that fit two rows and one have the ratio
    a / (1 + a), where a is the mean for `size` rows.

    Args:
        counts: How many of `size` rows each predicate fits, [n].
        size: Rows that were counted.
        wanted: Rows to extrapolate to.
    """
    if size == wanted:
        return 1.0
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    ratio = min(twice / once, 0.5) if once else 0.0
    mean, scale = ratio / (1.0 - ratio), wanted / size
    return scale * ((1.0 + mean) / (1.0 + mean * scale)) ** 2
