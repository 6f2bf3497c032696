"""Conditions that a caller sets on samples: as tests, as text, and as inputs of a graph."""

import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from synthserve_core.contract.model import ColumnType, Condition, ConditionKind
from synthserve_core.contract.values import Span, UnreadableValueError, span
from synthserve_core.quoting import listed, quoted

_LARGEST = sys.float_info.max
_LEAST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**63 - 1
_WHOLE = {ColumnType.INT64, ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.STRING}
_BOOLS = ("false", "true")


@dataclass(frozen=True)
class Equals:
    """The value equals this one."""

    value: str

    def __post_init__(self) -> None:
        _require_texts([self.value])


@dataclass(frozen=True)
class AnyOf:
    """The value is one of these; with `missing`, it may also be missing."""

    values: tuple[str, ...]
    missing: bool = False

    def __post_init__(self) -> None:
        _require_texts(self.values)


@dataclass(frozen=True)
class Between:
    """The value is in a range that includes both ends; None leaves that end open."""

    low: str | None
    high: str | None

    def __post_init__(self) -> None:
        _require_texts(end for end in (self.low, self.high) if end is not None)


@dataclass(frozen=True)
class Missing:
    """The value is missing or, with `missing=False`, present."""

    missing: bool = True


def _require_texts(values: Iterable[object]) -> None:
    """Values are text, as in a CSV file.

    Raises:
        TypeError: One is not text.
    """
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"a value of a condition must be text, as in a CSV file, not {value!r}")


Test: TypeAlias = Equals | AnyOf | Between | Missing
"""A requirement on the value of a column."""

Settings: TypeAlias = Mapping[str, NDArray[Any]]
"""Graph inputs by condition name: `[1, ...]` for all samples, or `[samples, ...]` with one for each."""


class ConditionError(ValueError):
    """A model cannot fulfil a test. The message says why; it is worded to follow the name of the condition."""


def setting(condition: Condition, test: Test) -> NDArray[Any]:
    """Converts a test to the input of a graph.

    Args:
        condition: The condition of the model.
        test: The test of the caller.

    Returns:
        `[1, *condition.tensor.shape]`.

    Raises:
        ConditionError: The condition does not accept such a test or value, or no value fulfils the test.
        TypeError: `test` is not a test.
    """
    if not isinstance(test, Test):
        raise TypeError(f"a condition must be Equals, AnyOf, Between or Missing, not {test!r}")
    test = _simplified(test)
    match condition.kind:
        case ConditionKind.CODE:
            return np.array([_code(condition, test)], np.int64)
        case ConditionKind.SET:
            return _set(condition, test)[np.newaxis]
        case ConditionKind.RANGE:
            return np.array([_range(condition, test)])


def _simplified(test: Test) -> Test:
    """The simplest test with the same meaning, so that equivalent tests are treated alike."""
    if not isinstance(test, AnyOf):
        return test
    match tuple(dict.fromkeys(test.values)):
        case ():
            if not test.missing:
                raise ConditionError("must name at least one value")
            return Missing()
        case (value,) if not test.missing:
            return Equals(value)
        case values:
            return AnyOf(values, test.missing)


def _code(condition: Condition, test: Test) -> int:
    if isinstance(test, Equals):
        return _index(condition, test.value)
    raise ConditionError(f"takes one value{_unquoted(test)}")


def _unquoted(test: Test) -> str:
    """The end of a message about several values, which may be one value with a comma."""
    if not isinstance(test, AnyOf) or test.missing:
        return ""
    return f"; a value that contains a comma must be in quotes: {_item(','.join(test.values))}"


def _set(condition: Condition, test: Test) -> NDArray[np.bool_]:
    allowed = np.zeros(condition.tensor.shape, np.bool_)
    match test:
        case Equals(value):
            allowed[_index(condition, value)] = True
        case AnyOf(values, missing):
            allowed[[_index(condition, value) for value in values]] = True
            if missing:
                _require_nullable(condition)
                allowed[-1] = True
        case Missing(missing):
            if missing:
                _require_nullable(condition)
            allowed[: len(condition.categories)] = not missing
            if condition.nullable:
                allowed[-1] = missing
        case Between():
            raise ConditionError("takes values, not a range")
    return allowed


def _range(condition: Condition, test: Test) -> Span:
    match test:
        case Equals(value):
            low, high = _span(condition, value)
        case Between(low_text, high_text):
            if low_text is None and high_text is None:
                raise ConditionError("must have a lowest or a highest value")
            low = -math.inf if low_text is None else _span(condition, low_text)[0]
            high = math.inf if high_text is None else _span(condition, high_text)[1]
        case Missing(missing):
            if not missing:
                return -_LARGEST, _LARGEST
            _require_nullable(condition)
            return math.nan, math.nan
        case AnyOf():
            raise ConditionError(f"takes one value or one range{_unquoted(test)}")
    if condition.type in _WHOLE:
        low = low if math.isinf(low) else math.ceil(low)
        high = high if math.isinf(high) else math.floor(high)
    if condition.type is ColumnType.INT64:
        low = low if low == -math.inf else max(low, _LEAST_INTEGER)
        high = high if high == math.inf else min(high, _LARGEST_INTEGER)
    if low > high:
        raise ConditionError("is an empty range: its lowest value is above its highest")
    if high < condition.low or low > condition.high:
        raise ConditionError("has no value in the range that the model has learnt")
    return _doubles(low, high) if condition.type in _WHOLE else (float(low), float(high))


def _doubles(low: float, high: float) -> Span:
    """A range of doubles that holds no whole number beyond the given ones: doubles have gaps from 2^53 on."""
    lowest, highest = float(low), float(high)
    if lowest < low:
        lowest = math.nextafter(lowest, math.inf)
    if highest > high:
        highest = math.nextafter(highest, -math.inf)
    if lowest > highest:
        raise ConditionError("is too exact: models compare with doubles, which have gaps here; give a wider range")
    return lowest, highest


def _index(condition: Condition, value: str) -> int:
    code = condition.codes.get(value)
    if code is None and condition.type is ColumnType.BOOL:
        texts = {condition.csv.false_text: "false", condition.csv.true_text: "true"}
        code = condition.codes.get(texts.get(value, value))
    if code is None:
        raise ConditionError(f"{quoted(value)} is not allowed; allowed are: {listed(condition.categories, _item)}")
    return code


def _span(condition: Condition, text: str) -> Span:
    try:
        return span(text, condition)
    except UnreadableValueError as error:
        raise ConditionError(f"{quoted(text)} {error}") from None


def _require_nullable(condition: Condition) -> None:
    if not condition.nullable:
        raise ConditionError("never has a missing value")


# Tests are written in the syntax of the client's option --where, so that they can be copied from a file's metadata.

_SPECIAL = re.compile(r'[,="]|\.\.|^\s|\s$|^$')
_SPECIAL_END = re.compile(rf"{_SPECIAL.pattern}|^\.|\.$")


def text_of(test: Test) -> str:
    """The text of a test: `AT`, `AT,DE`, `30..40`; empty for a missing value, `..` for a present one."""
    match test:
        case Equals(value):
            return _item(value)
        case AnyOf(values, missing):
            return ",".join([*map(_item, values), *[""] * missing])
        case Between(low, high):
            return f"{_end(low)}..{_end(high)}"
        case Missing(missing):
            return "" if missing else ".."


def query(tests: Mapping[str, Test], prefix: str = "") -> str:
    """Tests as a query string, sorted by column."""
    return urlencode([(prefix + name, text_of(test)) for name, test in sorted(tests.items())])


def _item(value: str, special: re.Pattern[str] = _SPECIAL) -> str:
    return f'"{value.replace(chr(34), chr(34) * 2)}"' if special.search(value) else value


def _end(value: str | None) -> str:
    return "" if value is None else _item(value, _SPECIAL_END)


def default_categories(type_: ColumnType, categories: Sequence[str]) -> tuple[str, ...]:
    """The values that a condition on a column accepts when it lists none."""
    return _BOOLS if type_ is ColumnType.BOOL else tuple(categories)


def settings(conditions: Iterable[Condition], tests: Mapping[str, Test]) -> dict[str, NDArray[Any]]:
    """Converts tests to the inputs of a graph.

    Raises:
        ConditionError: The model has no such condition or cannot fulfil a test; the message names the condition.
    """
    known = {condition.name: condition for condition in conditions}
    found = {}
    for name, test in tests.items():
        try:
            found[name] = setting(named(known, name), test)
        except ConditionError as error:
            raise ConditionError(f"{quoted(name)}: {error}") from None
    return found


def named(known: Mapping[str, Condition], name: str) -> Condition:
    """The condition of this name.

    Raises:
        ConditionError: The model does not have it.
    """
    if name not in known:
        raise ConditionError(f"the model has no such condition; it has: {listed(known)}")
    return known[name]
