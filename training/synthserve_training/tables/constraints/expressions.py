"""Formulas: parsed, and computed with NumPy."""

import ast
import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from synthserve_training.errors import RecipeError
from synthserve_training.problems import did_you_mean

MICROSECONDS = 86_400_000_000
_OPERATORS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}

NUMERIC = {"floor": 1}
"""Functions of numbers, and how many they take. `round` has decimals, too."""

TEMPORAL = {"year": 1, "month": 1, "day": 1, "hour": 1, "minute": 1, "weekday": 1, "years": 2, "days": 2}
"""Functions of dates and timestamps, and how many they take. Weekdays count from Monday, 0."""


@dataclass(frozen=True)
class Constant:
    """A number."""

    value: float


@dataclass(frozen=True)
class Day:
    """A date, in days since 1970-01-01."""

    days: int


@dataclass(frozen=True)
class Name:
    """A column."""

    column: str


@dataclass(frozen=True)
class Operation:
    """An operator or a function.

    Attributes:
        function: `+ - * /` or its name.
        arguments: What it is applied to.
        decimals: Of `round`.
    """

    function: str
    arguments: "tuple[Expression, ...]"
    decimals: int = 0


Expression: TypeAlias = Constant | Day | Name | Operation


@lru_cache(maxsize=1024)
def parse(formula: str) -> Expression:
    """Parses a formula.

    Raises:
        RecipeError: It is not one.
    """
    try:
        tree = ast.parse(formula.strip(), mode="eval")
        found = _parsed(tree.body, formula)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise RecipeError(f"{formula!r} is no formula, such as `quantity * price`") from None
    if not columns(found):
        raise RecipeError(f"{formula!r} names no column")
    return found


def columns(expression: Expression) -> tuple[str, ...]:
    """The columns of a formula, each once."""
    match expression:
        case Name(column):
            return (column,)
        case Operation(_, arguments):
            return tuple(dict.fromkeys(name for each in arguments for name in columns(each)))
        case _:
            return ()


def temporal(expression: Expression) -> frozenset[str]:
    """The columns that have to be dates or timestamps; the other ones have to be numbers."""
    if not isinstance(expression, Operation):
        return frozenset()
    if expression.function in TEMPORAL:
        return frozenset(columns(expression))
    return frozenset().union(*map(temporal, expression.arguments))


def divides(expression: Expression) -> bool:
    """Whether something is divided by a column, which can be 0."""
    if not isinstance(expression, Operation):
        return False
    own = expression.function == "/" and bool(columns(expression.arguments[1]))
    return own or any(map(divides, expression.arguments))


def computed(expression: Expression, values: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Computes a formula.

    Args:
        expression: The formula.
        values: The columns, [n] each: numbers; datetime64 for dates and timestamps.

    Returns:
        [n]; infinite or NaN where something is divided by 0.
    """
    match expression:
        case Constant(value):
            return np.asarray(value, np.float64)
        case Name(column):
            return values[column].astype(np.float64)
        case Operation("round", (inner,), decimals):
            return np.round(computed(inner, values), decimals)
        case Operation(function, arguments) if function in TEMPORAL:
            return _TEMPORAL[function](*(_moments(each, values) for each in arguments)).astype(np.float64)
        case Operation(function, arguments):
            with np.errstate(divide="ignore", invalid="ignore"):
                result: NDArray[np.float64] = _NUMERIC[function](*(computed(each, values) for each in arguments))
            return result
        case Day():
            raise AssertionError("a date is no number")


def linear(expression: Expression) -> tuple[float, float] | None:
    """`(factor, offset)` if a formula is a multiple of its only column, plus an offset; the factor is not 0."""
    found = _linear(expression)
    return found if found is not None and found[0] != 0 and len(columns(expression)) == 1 else None


def _linear(expression: Expression) -> tuple[float, float] | None:
    match expression:
        case Constant(value):
            return 0.0, value
        case Name():
            return 1.0, 0.0
        case Operation(function, (first, second)) if function in "+-*/":
            left, right = _linear(first), _linear(second)
            if left is None or right is None:
                return None
            if function == "+":
                return left[0] + right[0], left[1] + right[1]
            if function == "-":
                return left[0] - right[0], left[1] - right[1]
            if function == "*" and 0 in (left[0], right[0]):
                return left[0] * right[1] + right[0] * left[1], left[1] * right[1]
            if function == "/" and right[0] == 0 and right[1] != 0:
                return left[0] / right[1], left[1] / right[1]
    return None


def _parsed(node: ast.expr, formula: str) -> Expression:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as value):
            return Constant(float(value))
        case ast.Name(id=name):
            return Name(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Operation("-", (Constant(0.0), _number(operand, formula)))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return Operation(_OPERATORS[type(operator)], (_number(left, formula), _number(right, formula)))
        case ast.Call(func=ast.Name(id="column"), args=[ast.Constant(value=str() as name)], keywords=[]):
            return Name(name)
        case ast.Call(func=ast.Name(id="round"), args=[inner], keywords=[]):
            return Operation("round", (_number(inner, formula),))
        case ast.Call(func=ast.Name(id="round"), args=[inner, ast.Constant(value=int() as decimals)], keywords=[]):
            if not 0 <= decimals <= 15:
                raise RecipeError(f"{formula!r}: round takes 0 to 15 decimals")
            return Operation("round", (_number(inner, formula),), decimals)
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
            return _call(function, arguments, formula)
    raise RecipeError(f"{formula!r}: {ast.unparse(node)!r} is not allowed in a formula")


def _call(function: str, arguments: list[ast.expr], formula: str) -> Expression:
    count = {**NUMERIC, **TEMPORAL}.get(function)
    if count is None:
        known = ["column", "round", *NUMERIC, *TEMPORAL]
        raise RecipeError(f"{formula!r}: there is no function {function}{did_you_mean(function, known)}")
    if len(arguments) != count:
        raise RecipeError(f"{formula!r}: {function} takes {count} argument{'s' * (count > 1)}, not {len(arguments)}")
    if function in NUMERIC:
        return Operation(function, tuple(_number(each, formula) for each in arguments))
    return Operation(function, tuple(_moment(each, formula) for each in arguments))


def _number(node: ast.expr, formula: str) -> Expression:
    return _parsed(node, formula)


def _moment(node: ast.expr, formula: str) -> Expression:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return Day((datetime.date.fromisoformat(node.value) - datetime.date(1970, 1, 1)).days)
        except ValueError:
            raise RecipeError(f"{formula!r}: {node.value!r} is no date such as 2024-12-31") from None
    found = _parsed(node, formula)
    if not isinstance(found, Name):
        raise RecipeError(f"{formula!r}: {ast.unparse(node)!r} is no column of dates, and no date in quotes")
    return found


def _moments(expression: Expression, values: Mapping[str, NDArray[Any]]) -> NDArray[np.datetime64]:
    if isinstance(expression, Day):
        return np.array([expression.days], "datetime64[D]").astype("datetime64[us]")
    (name,) = columns(expression)
    moments: NDArray[np.datetime64] = values[name].astype("datetime64[us]")
    return moments


def _month(moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return moments.astype("datetime64[M]").astype(np.int64)


def _day(moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
    days = moments.astype("datetime64[D]")
    first = moments.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((days - first).astype(np.int64) + 1, np.int64)


def _of_day(moments: NDArray[np.datetime64], size: int, count: int) -> NDArray[np.int64]:
    return moments.astype(np.int64) // size % count


def _years(start: NDArray[np.datetime64], stop: NDArray[np.datetime64]) -> NDArray[np.int64]:
    months = _month(stop) - _month(start) - (_day(stop) < _day(start))
    return months // 12


def _days(start: NDArray[np.datetime64], stop: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return np.asarray((stop.astype("datetime64[D]") - start.astype("datetime64[D]")).astype(np.int64))


_NUMERIC: Mapping[str, Callable[..., NDArray[np.float64]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "floor": np.floor,
}
_TEMPORAL: Mapping[str, Callable[..., NDArray[np.int64]]] = {
    "year": lambda moments: _month(moments) // 12 + 1970,
    "month": lambda moments: _month(moments) % 12 + 1,
    "day": _day,
    "hour": lambda moments: _of_day(moments, 3_600_000_000, 24),
    "minute": lambda moments: _of_day(moments, 60_000_000, 60),
    "weekday": lambda moments: (moments.astype("datetime64[D]").astype(np.int64) + 3) % 7,
    "years": _years,
    "days": _days,
}
