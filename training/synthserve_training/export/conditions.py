"""What is asked of a graph to try it out: each condition with each kind of value."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from synthserve_core.contract.conditions import Settings
from synthserve_core.contract.model import UNSET_CODE, Condition, ConditionKind, Given, Method

_MOST_SHARED = 8
"""How many values of a condition are tried where all samples of a run share it."""


def settings_to_try(method: Method, count: int) -> Iterator[Settings]:
    """Settings of conditions for a number of samples: none, then each condition alone.

    Args:
        method: The method that takes them.
        count: How many samples.

    Yields:
        Condition name to the input. Where each sample has its own, values and "not set" alternate.
    """
    yield {}
    for role in method.inputs.values():
        if not isinstance(role, Given):
            continue
        values = np.concatenate([role.condition.unset, _values(role.condition)])
        if role.shared:
            for index in range(1, min(len(values), _MOST_SHARED + 1)):
                yield {role.condition.name: values[index : index + 1]}
        else:
            yield {role.condition.name: values[np.arange(count) % len(values)]}


def _values(condition: Condition) -> NDArray[np.generic]:
    """Values of a condition, as a graph gets them: each category alone, or both halves of the range."""
    match condition.kind:
        case ConditionKind.CODE:
            return np.arange(UNSET_CODE + 1, len(condition.categories), dtype=np.int64)
        case ConditionKind.SET:
            return np.eye(condition.tensor.shape[0], dtype=np.bool_)
        case ConditionKind.RANGE:
            low, high = condition.low, condition.high
            middle = (low + high) / 2 if np.isfinite([low, high]).all() else 0.0
            return np.array([[low, middle], [middle, high]])
