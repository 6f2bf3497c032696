"""Settings of conditions that an exported graph is tried out with."""

from collections.abc import Mapping

import numpy as np
import pytest

from synthserve_core.contract.model import (
    Condition,
    ConditionKind,
    Distribution,
    Given,
    Method,
    MethodKind,
    Noise,
    Role,
)
from synthserve_training.export.conditions import settings_to_try

CODE = Condition("kind", ConditionKind.CODE, categories=("a", "b"))
SET = Condition("kind", ConditionKind.SET, categories=("a", "b"), nullable=True)
RANGE = Condition("age", ConditionKind.RANGE, low=10.0, high=30.0)
ENDLESS = Condition("age", ConditionKind.RANGE)


def tried(*roles: Role, count: int = 7) -> list[Mapping[str, list[object]]]:
    inputs = {str(number): role for number, role in enumerate(roles)}
    method = Method(MethodKind.GENERATE, "", "", 1, 1, inputs, {}, {}, {})
    return [{name: values.tolist() for name, values in settings.items()} for settings in settings_to_try(method, count)]


def test_without_conditions_nothing_is_set() -> None:
    assert tried(Noise(Distribution.NORMAL, (3,))) == [{}]


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        (CODE, [-1, 0, 1, -1]),
        (SET, [[True] * 3, [True, False, False], [False, True, False], [False, False, True]]),
        (RANGE, [[-np.inf, np.inf], [10.0, 20.0], [20.0, 30.0], [-np.inf, np.inf]]),
        (ENDLESS, [[-np.inf, np.inf], [-np.inf, 0.0], [0.0, np.inf], [-np.inf, np.inf]]),
    ],
)
def test_values_and_unset_alternate_over_the_samples(condition: Condition, values: list[object]) -> None:
    assert tried(Given(condition), count=4) == [{}, {condition.name: values}]


def test_condition_that_samples_share_is_tried_value_by_value() -> None:
    assert tried(Given(CODE, shared=True)) == [{}, {"kind": [0]}, {"kind": [1]}]
    many = Condition("kind", ConditionKind.CODE, categories=tuple(map(str, range(1000))))
    assert len(tried(Given(many, shared=True))) == 1 + 8


def test_each_condition_is_tried_alone() -> None:
    assert [list(settings) for settings in tried(Given(CODE), Given(RANGE))] == [[], ["kind"], ["age"]]
