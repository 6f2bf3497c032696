"""Unique keys: a permutation of the index of the row."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.training.rules.making import one, table

from synthserve_training.errors import RecipeError
from synthserve_training.models.onnx_graph import GraphBuilder, evaluate
from synthserve_training.models.rules import rule
from synthserve_training.models.rules.permutation import LARGEST, Permutation


def permuted(permutation: Permutation, index: NDArray[np.int64]) -> NDArray[np.float64]:
    graph = GraphBuilder()
    graph.input("i", np.int64, [])
    graph.output("o", permutation.apply(graph, "i"), np.float64)
    return evaluate(graph.build(), {"i": index})["o"]


@given(st.integers(1, 20_000), st.text(max_size=5))
@settings(max_examples=15, deadline=None)
def test_every_number_of_a_domain_is_made_once(size: int, key: str) -> None:
    found = permuted(Permutation(size, key), np.arange(size))

    assert np.array_equal(np.sort(found), np.arange(size))


@given(st.integers(1, LARGEST), st.lists(st.integers(0, LARGEST - 1), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_the_graph_permutes_as_whole_numbers_of_python_do(size: int, numbers: list[int]) -> None:
    index = np.array([number % size for number in numbers])
    permutation = Permutation(size, "key")

    assert permuted(permutation, index).tolist() == [permutation[int(number)] for number in index]


@pytest.mark.parametrize("size", [1_000_003, 36**5, 10**9 + 7, LARGEST])
def test_a_million_rows_differ(size: int) -> None:
    start = size // 3
    found = permuted(Permutation(size, "key"), np.arange(start, start + 10**6) % size)

    assert len(np.unique(found)) == 10**6
    assert found.min() >= 0
    assert found.max() < size


def test_the_order_looks_random() -> None:
    size = 10**6
    found = permuted(Permutation(size, "key"), np.arange(100_000)) / size

    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 0.02
    assert abs(np.corrcoef(found, np.arange(len(found)))[0, 1]) < 0.02
    counts = np.histogram(found, 100, (0, 1))[0]
    assert 50 < ((counts - 1000) ** 2 / 1000).sum() < 160  # chi-squared with 99 degrees; less, as nothing repeats


def test_the_order_begins_again_behind_the_last_number() -> None:
    options = {"kind": "permutation", "low": 5, "high": 104, "rows": 100}

    assert one(options, 30) == one(options, 30, start=100)


def test_another_key_makes_another_order() -> None:
    options: dict[str, Any] = {"kind": "permutation", "digits": 6}
    orders = [one({**options, "key": key}, 20) for key in ("a", "b", 7)] + [
        one(options, 20),
        one(options, 20, name="d"),
    ]

    assert len({tuple(order) for order in orders}) == len(orders)
    assert one(options, 20) == orders[3]


def test_numbers_can_be_texts() -> None:
    found = one({"kind": "permutation", "prefix": "K-", "digits": 6, "suffix": "/x"}, 300)

    assert all(
        text.startswith("K-") and text.endswith("/x") and len(text) == 10 and text[2:8].isdigit() for text in found
    )
    plain = one({"kind": "permutation", "high": 2_000_000, "prefix": "k"}, 2000)
    assert all(text[1:] == str(int(text[1:])) for text in plain)


def test_large_numbers_are_exact() -> None:
    low = 2**62 - 10**6
    found = one({"kind": "permutation", "low": low, "high": 2**62 - 1}, 500)

    assert len(set(found)) == 500
    assert all(low <= number < 2**62 for number in found)
    assert any(number % 2 for number in found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"high": 999}, "there are only 999 values, and 1,000,000 rows are to differ"),
        ({"digits": 3}, "set rows = 1000"),
        ({}, "give high"),
        ({"high": 0}, "there are only 0 values"),
        ({"high": 2**60}, "more than 10\\^15"),
        ({"low": -5, "high": 10**7, "prefix": "x"}, "need numbers from 0"),
    ],
)
def test_too_few_values_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        rule({"kind": "permutation", **options}, "id")


def test_running_numbers() -> None:
    made = table(
        {
            "plain": {"kind": "sequence", "start": -3, "step": 2},
            "text": {"kind": "sequence", "prefix": "Ä", "digits": 3},
            "digits": {"kind": "sequence", "start": 0, "prefix": "#"},
        }
    ).values(1200)

    assert made["plain"] == list(range(-3, 2397, 2))
    assert made["text"] == [f"Ä{number:03}" for number in range(1, 1201)]
    assert made["digits"] == [f"#{number}" for number in range(1200)]


def test_running_numbers_far_out() -> None:
    assert one({"kind": "sequence", "digits": 2}, 2, start=10**14 - 2) == ["99999999999999", "100000000000000"]
