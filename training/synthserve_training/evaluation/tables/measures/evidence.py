"""Conditional fidelity: are the rows that fulfil a condition as the real rows that do? P(rest | evidence)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_core.contract.conditions import AnyOf, Between, Equals, Missing, Test, text_of
from synthserve_core.contract.model import Condition, ConditionKind
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.measures import similarity

_MOST_COLUMNS = 3
_TRIES = 40
"""For each evidence, until enough real rows fulfil one."""
_ATOM = 0.01
"""Of the rows: a number that is at least so frequent is asked for as it is."""
_WIDTHS = 0.1, 0.4
"""Share of the rows that a range of numbers holds."""
_MOST_DRAWN = 2_000

Draw = Callable[[Mapping[str, Test], int], pd.DataFrame]
"""Draws so many rows that fulfil conditions."""


@dataclass(frozen=True)
class Evidence:
    """Conditions of one to three columns.

    Attributes:
        tests: What is asked of the model, by column.
        late: Whether all columns are of the second half of the table.
        train: bool [rows]: which of the training rows fulfil it.
        held_out: bool [rows]: which of the held-out rows do.
    """

    tests: Mapping[str, Test]
    late: bool
    train: NDArray[np.bool_]
    held_out: NDArray[np.bool_]

    @property
    def text(self) -> str:
        """The conditions, as the option --where takes them."""
        return ", ".join(f"{name}={text_of(test)}" for name, test in self.tests.items())


@dataclass(frozen=True)
class Answer:
    """How a model answers evidence.

    Attributes:
        evidence: The question.
        error: Mean shape error of the other columns, in per cent: generated rows against held-out rows that fulfil it.
        reference: That of as many training rows that fulfil it, against the same held-out rows.
        fulfilled: The share of the generated rows that fulfil it.
    """

    evidence: Evidence
    error: float
    reference: float
    fulfilled: float


def questions(
    conditions: Sequence[Condition],
    train: pd.DataFrame,
    held_out: pd.DataFrame,
    exported: pd.DataFrame,
    columns: Columns,
    *,
    count: int,
    seed: int,
) -> Iterator[Evidence]:
    """Draws random evidence that holds in one held-out row, and in enough others.

    Every other evidence is about columns of the second half of the table alone, which a model that draws from left to
    right must know before the columns that they depend on.

    Args:
        conditions: Those that the model takes.
        train: Rows that the model was trained on.
        held_out: Rows that it has not seen.
        exported: Rows of the model: the ends of ranges are values of these, so that no real value is told.
        columns: Of the table.
        count: How many at most.
        seed: Of the choice.
    """
    generator = np.random.default_rng(seed)
    usable = {one.name: one for one in conditions if one.name in columns.measured}
    places = {name: place for place, name in enumerate(columns.measured)}
    late = [name for name in usable if 2 * places[name] >= len(places)]
    least = int(np.clip(len(held_out) // 20, 20, 100))
    maker = _Tests(usable, exported, columns, generator)
    for number in range(count):
        names = late if number % 2 and late else list(usable)
        most = min(_MOST_COLUMNS, len(names), len(columns.measured) - 1)
        for _ in range(_TRIES if most else 0):
            chosen = generator.choice(names, generator.integers(1, most + 1), replace=False).tolist()
            row = held_out.iloc[int(generator.integers(len(held_out)))]
            tests = {name: maker.test(name, row[name]) for name in chosen}
            wanted = {name: test for name, test in tests.items() if test is not None}
            if len(wanted) < len(tests):
                continue
            masks = [fulfils(frame, wanted, columns) for frame in (train, held_out)]
            if min(mask.sum() for mask in masks) >= least:
                yield Evidence(wanted, all(name in late for name in wanted), *masks)
                break


def answer(
    evidence: Evidence, train: pd.DataFrame, held_out: pd.DataFrame, draw: Draw, columns: Columns, seed: int
) -> Answer:
    """Draws rows that fulfil evidence, and compares the other columns with those of held-out rows; see `Answer`."""
    known, real = train[evidence.train], held_out[evidence.held_out]
    known = known.sample(min(len(known), _MOST_DRAWN), random_state=seed)
    drawn = draw(evidence.tests, len(known))
    rest = [name for name in columns.measured if name not in evidence.tests]
    return Answer(
        evidence=evidence,
        error=similarity.error(similarity.shapes(real[rest], drawn[rest], columns)),
        reference=similarity.error(similarity.shapes(real[rest], known[rest], columns)),
        fulfilled=float(fulfils(drawn, evidence.tests, columns).mean()),
    )


def fulfils(frame: pd.DataFrame, tests: Mapping[str, Test], columns: Columns) -> NDArray[np.bool_]:
    """Which rows fulfil all tests, bool [rows]."""
    found = np.ones(len(frame), np.bool_)
    for name, test in tests.items():
        values = frame[name]
        match test:
            case Missing(missing):
                found &= values.isna().to_numpy() == missing
            case AnyOf(texts, missing):
                found &= (values.isin(texts) | (values.isna() & missing)).to_numpy(np.bool_)
            case Equals(text) if name in columns.categories:
                found &= (values == text).fillna(False).to_numpy(np.bool_)
            case Equals(text):
                found &= (values == columns.number(name, text)).to_numpy(np.bool_)
            case Between(low, high):
                least = -np.inf if low is None else columns.number(name, low)
                most = np.inf if high is None else columns.number(name, high)
                found &= values.between(least, most).to_numpy(np.bool_)
    return found


@dataclass(frozen=True)
class _Tests:
    """Makes tests that a value fulfils."""

    conditions: Mapping[str, Condition]
    exported: pd.DataFrame
    columns: Columns
    generator: np.random.Generator

    def test(self, name: str, value: object) -> Test | None:
        """A test; None: the model does not take one that the value fulfils."""
        condition = self.conditions[name]
        if pd.isna(value):  # type: ignore[call-overload]  # a scalar
            return Missing() if condition.nullable else None
        if condition.kind is ConditionKind.RANGE:
            return self._range(name, float(value))  # type: ignore[arg-type]  # a number
        text = str(value)
        if text not in condition.codes:
            return None
        if condition.kind is ConditionKind.SET and len(condition.categories) > 2 and self.generator.random() < 0.5:
            other = condition.categories[int(self.generator.integers(len(condition.categories)))]
            return AnyOf(tuple(dict.fromkeys([text, other]))) if other != text else Equals(text)
        return Equals(text)

    def _range(self, name: str, value: float) -> Test | None:
        drawn = np.sort(self.exported[name].dropna().to_numpy(np.float64))
        if not len(drawn):
            return None
        first, behind = (int(np.searchsorted(drawn, value, side=side)) for side in ("left", "right"))
        if behind - first >= _ATOM * len(drawn) and self.generator.random() < 0.5:
            return Equals(self.columns.literal(name, value))
        width = int(self.generator.uniform(*_WIDTHS) * len(drawn))
        start = int(np.clip(first - self.generator.integers(width + 1), 0, max(0, len(drawn) - width - 1)))
        low, high = drawn[start], drawn[min(start + width, len(drawn) - 1)]
        return Between(self.columns.literal(name, low), self.columns.literal(name, high))
