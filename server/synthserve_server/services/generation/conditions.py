"""Converts the conditions of a request to tests and to inputs of the graph."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from synthserve.v1 import generation_pb2
from synthserve_core.contract.conditions import AnyOf, Between, ConditionError, Equals, Missing, Test, named, setting
from synthserve_core.contract.model import Model
from synthserve_core.quoting import quoted
from synthserve_server.errors import InvalidRequestError, Violation


def conditions(
    asked: Sequence[generation_pb2.Condition], model: Model, violations: list[Violation]
) -> tuple[dict[str, Test], dict[str, NDArray[Any]]]:
    """Reads conditions.

    Args:
        asked: The conditions in the request.
        model: The model of the request.
        violations: Invalid conditions are appended here.

    Returns:
        The tests, and the inputs of the graph, both by the name of the condition.
    """
    taken = {condition.name: condition for condition in model.conditions}
    tests: dict[str, Test] = {}
    settings = {}
    seen: set[str] = set()
    for condition in asked:
        if len(violations) >= InvalidRequestError.most_violations:  # a request can hold very many
            break
        name = condition.column
        field = f"conditions[{quoted(name)}]"
        if name in seen:
            violations.append(Violation(field, "is given twice; put all its values into one condition"))
            continue
        seen.add(name)
        try:
            test, one = _test(condition), named(taken, name)
            settings[name] = setting(one, test)
        except ConditionError as error:
            violations.append(Violation(field, str(error)))
            continue
        tests[name] = test
    return tests, settings


def _test(condition: generation_pb2.Condition) -> Test:
    match condition.WhichOneof("test"):
        case "equals":
            return Equals(condition.equals)
        case "any_of":
            return AnyOf(tuple(condition.any_of.values), condition.any_of.missing)
        case "between":
            between = condition.between
            return Between(
                between.low if between.HasField("low") else None, between.high if between.HasField("high") else None
            )
        case "missing":
            return Missing(condition.missing)
    raise ConditionError("must have one of equals, any_of, between and missing")
