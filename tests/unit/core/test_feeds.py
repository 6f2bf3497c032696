"""What inputs of a graph are fed with, by role."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from synthserve_core.compute import noise
from synthserve_core.compute.feeds import feeds, shared
from synthserve_core.contract.model import (
    IMAGE,
    Condition,
    ConditionKind,
    Data,
    Distribution,
    Given,
    Index,
    Method,
    MethodKind,
    Noise,
    Role,
    Validity,
)

SET = Condition("s", ConditionKind.SET, categories=("a", "b"), nullable=True)
CODE = Condition("c", ConditionKind.CODE, categories=("a", "b"))
RANGE = Condition("r", ConditionKind.RANGE)


def _method(**inputs: Role) -> Method:
    return Method(MethodKind.GENERATE, "x", "0" * 64, 8, 4, inputs, {}, {}, {})


def _feeds(method: Method, start: int, count: int, first: int | None = None, **settings: NDArray[Any]) -> Any:
    return feeds(method, 7, start, count, settings, {}, start if first is None else first)


def test_noise_of_each_kind_and_stream() -> None:
    method = _method(n=Noise(Distribution.NORMAL, (2,), 0), u=Noise(Distribution.UNIFORM, (3, 2), 1))
    found = _feeds(method, 100, 5)
    np.testing.assert_array_equal(found["n"], noise.normal(7, 100, 5, (2,), 0))
    np.testing.assert_array_equal(found["u"], noise.uniform(7, 100, 5, (3, 2), 1))


@pytest.mark.parametrize("start", [0, 5, 2**63 - 5])
def test_the_index_of_each_sample(start: int) -> None:
    index = _feeds(_method(i=Index()), start, 4)["i"]
    assert index.dtype == np.int64
    assert index.tolist() == [start, start + 1, start + 2, start + 3]


def test_indices_that_only_fill_the_last_packet_may_wrap() -> None:
    index = _feeds(_method(i=Index()), 2**63 - 4, 8)["i"]
    assert index[:4].tolist() == [2**63 - 4, 2**63 - 3, 2**63 - 2, 2**63 - 1]
    assert (index.dtype, len(index)) == (np.int64, 8)


def test_a_setting_for_all_samples() -> None:
    method = _method(each=Given(SET), all=Given(RANGE, shared=True), unset=Given(CODE))
    found = _feeds(method, 0, 3, s=np.array([[True, False, True]]), r=np.array([[1.0, 2.0]]))
    assert found["each"].tolist() == [[True, False, True]] * 3
    assert found["each"].flags.c_contiguous
    assert found["all"].tolist() == [[1.0, 2.0]]
    assert found["unset"].tolist() == [-1, -1, -1]


def test_conditions_that_nobody_set() -> None:
    found = _feeds(_method(s=Given(SET), r=Given(RANGE), shared_s=Given(SET, shared=True)), 0, 2)
    assert found["s"].tolist() == [[True] * 3] * 2
    assert found["r"].tolist() == [[-np.inf, np.inf]] * 2
    assert found["shared_s"].tolist() == [[True] * 3]


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (10, 4, [0, 1, 0, 1]),
        (11, 2, [1, 0]),
        (8, 4, [-1, -1, 0, 1]),
        (12, 4, [0, 1, -1, -1]),
        (8, 8, [-1, -1, 0, 1, 0, 1, -1, -1]),
    ],
)
def test_a_setting_for_each_sample_and_unset_ones_beside_them(start: int, count: int, expected: list[int]) -> None:
    # The four settings belong to the samples 10 to 13.
    found = _feeds(_method(c=Given(CODE)), start, count, first=10, c=np.array([0, 1, 0, 1]))
    assert found["c"].tolist() == expected


def test_sets_and_ranges_of_each_sample() -> None:
    sets, ranges = np.eye(3, dtype=np.bool_)[:2], np.array([[0.0, 1.0], [2.0, 3.0]])
    found = _feeds(_method(s=Given(SET), r=Given(RANGE)), 4, 4, first=5, s=sets, r=ranges)
    assert found["s"].tolist() == [[True] * 3, [True, False, False], [False, True, False], [True] * 3]
    assert found["r"].tolist() == [[-np.inf, np.inf], [0, 1], [2, 3], [-np.inf, np.inf]]


def test_data_that_comes_in_and_zeros_beside_it() -> None:
    method = _method(x=Data("x"), valid=Data(Validity("x")), image=Data(IMAGE))
    data = {
        "x": np.array([5, 6], np.int64),
        Validity("x"): np.array([True, True]),
        IMAGE: np.full((2, 1, 2, 1), 9, np.uint8),
    }
    found = feeds(method, 0, 4, 4, {}, data, first=5)
    assert found["x"].tolist() == [0, 5, 6, 0]
    assert found["valid"].tolist() == [False, True, True, False]
    assert found["image"].ravel().tolist() == [0, 0, 9, 9, 9, 9, 0, 0]
    assert {array.dtype for array in found.values()} == {array.dtype for array in data.values()}


def test_a_single_row_of_data_is_not_repeated() -> None:
    found = feeds(_method(x=Data("x")), 0, 0, 4, {}, {"x": np.array([5])}, first=1)
    assert found["x"].tolist() == [0, 5, 0, 0]


def test_what_all_samples_of_a_run_share() -> None:
    method = _method(c=Given(CODE), s=Given(SET, shared=True), r=Given(RANGE, shared=True))
    found = shared(method, {"c": np.array([1]), "r": np.array([[1.0, 2.0]])})
    assert {name: array.tolist() for name, array in found.items()} == {"s": [[True] * 3], "r": [[1.0, 2.0]]}
