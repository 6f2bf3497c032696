"""Samples of a real graph with all that the contract has, against the same computed by NumPy alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.fixtures import every_type
from tests.fixtures.packages import write_package_2

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.sampler import Draw, sample, sample_together
from synthserve_core.contract.conditions import AnyOf, Between, Equals, Missing, Test, settings
from synthserve_core.contract.model import Key, MethodKind
from synthserve_core.packages.reading import LoadedPackage, load_package

LARGEST = 2**63 - 1

TESTS: dict[str, Test] = {
    "level": Equals("mid"),
    "city": AnyOf(("東京", "")),
    "grade": AnyOf(("B",), missing=True),
    "open": Equals("true"),
    "ratio": Between("-1.5", None),
    "price": Missing(),
    "visits": Missing(missing=False),
    "born": Between("1999-12-31", "02.01.2000"),
    "left": Between("2024-01-01", "2024-12-31"),
    "seen": Equals("2024-02-29"),
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> LoadedPackage:
    root = tmp_path_factory.mktemp("models")
    folder = write_package_2(root, every_type.NAME, every_type.every_type_graph(), every_type.MANIFEST)
    return load_package(folder, CPU)


def _draw(package: LoadedPackage, seed: int, start: int, count: int, tests: Mapping[str, Test]) -> Draw:
    found = settings(package.model.conditions, tests)
    return Draw(package.model, package.session, seed, start, count, found)


def _equal(found: Mapping[Key, NDArray[Any]], expected: Mapping[Key, NDArray[Any]]) -> None:
    assert set(found) == set(expected)
    for key, array in expected.items():
        assert found[key].dtype == array.dtype
        np.testing.assert_array_equal(found[key], array, err_msg=str(key))


SOME_TESTS = st.sets(st.sampled_from(sorted(TESTS))).map(lambda names: {name: TESTS[name] for name in names})
STARTS = st.one_of(st.integers(0, 500), st.sampled_from([2**40 + 1, LARGEST - 130]))


@given(seed=st.integers(0, LARGEST), start=STARTS, count=st.integers(0, 130), tests=SOME_TESTS)
def test_samples_are_those_of_numpy(
    package: LoadedPackage, seed: int, start: int, count: int, tests: dict[str, Test]
) -> None:
    draw = _draw(package, seed, start, count, tests)
    _equal(sample(draw, Cancellation()), every_type.expected(seed, start, count, draw.settings))


@given(
    start=STARTS,
    counts=st.lists(st.integers(0, 60), min_size=1, max_size=4),
    batch=st.integers(1, 40),
    packet=st.integers(1, 12),
    tests=SOME_TESTS,
)
def test_any_cut_and_any_batch_give_the_same(
    package: LoadedPackage, start: int, counts: list[int], batch: int, packet: int, tests: dict[str, Test]
) -> None:
    whole = sample(_draw(package, 7, start, sum(counts), tests), Cancellation())
    method = replace(package.model.generate, batch_size=batch, packet=packet)
    model = replace(package.model, methods={MethodKind.GENERATE: method})
    parts = []
    for i, count in enumerate(counts):
        draw = replace(_draw(package, 7, start + sum(counts[:i]), count, tests), model=model)
        parts.append(sample(draw, Cancellation()))
    _equal({key: np.concatenate([part[key] for part in parts]) for key in whole}, whole)


def test_each_sample_can_have_conditions_of_its_own(package: LoadedPackage) -> None:
    # 130 samples in two batches, the first and last of which are filled up to packets.
    rng = np.random.default_rng(1)
    cities = rng.random((130, len(every_type.CITIES))) < 0.4
    cities[np.arange(130), rng.integers(0, len(every_type.CITIES), 130)] = True
    lefts = np.sort(rng.integers(-1000, 1000, (130, 2)), axis=1).astype(np.float64)
    lefts[::5] = np.nan
    lefts[1::5] = -np.inf, np.inf
    own = {"city": cities, "left": lefts, "level": rng.integers(-1, 3, 130), "ratio": np.array([[0.0, 1.0]])}
    draw = replace(_draw(package, 3, 5, 130, {}), settings=own)
    found = sample(draw, Cancellation())
    _equal(found, every_type.expected(3, 5, 130, own))
    assert cities[np.arange(130), found["city"]].all()
    asked_for = ~np.isnan(lefts[:, 0]) & np.isfinite(lefts[:, 0])
    assert ((found["left"] >= lefts[:, 0]) & (found["left"] <= lefts[:, 1]))[asked_for].all()


def test_draws_with_equal_shared_conditions_are_computed_together(package: LoadedPackage) -> None:
    draws = [
        _draw(package, 1, 0, 7, {"grade": Equals("A"), "city": Equals("東京")}),
        _draw(package, 2, 2**40, 10, {"grade": Equals("A"), "seen": Equals("2024-02-29")}),
        _draw(package, 3, LARGEST - 9, 9, {"grade": Equals("A")}),
    ]
    assert all(draws[0].can_join(draw) for draw in draws)
    found = sample_together(draws, Cancellation())
    for draw, arrays in zip(draws, found, strict=True):
        _equal(arrays, every_type.expected(draw.seed, draw.start, draw.count, draw.settings))
        _equal(arrays, sample(draw, Cancellation()))


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ({}, {}, True),
        ({}, {"city": Equals("東京")}, True),
        ({"level": Equals("low")}, {"level": Equals("mid")}, True),
        ({}, {"grade": Equals("A")}, False),
        ({"grade": Equals("A")}, {"grade": Equals("B")}, False),
        ({"ratio": Between("1", "2")}, {"ratio": Between("1.0", "2.0")}, True),
        ({"ratio": Between("1", "2")}, {"ratio": Between("1", "3")}, False),
        ({"grade": AnyOf(("A", "B"))}, {"grade": AnyOf(("B", "A"))}, True),
        ({"price": Missing()}, {"price": Missing()}, True),
        # All that is allowed is what is allowed where nothing is set.
        ({}, {"grade": AnyOf(("A", "B", "C", "D"), missing=True)}, True),
    ],
)
def test_which_draws_can_be_computed_together(
    package: LoadedPackage, one: dict[str, Test], other: dict[str, Test], together: bool
) -> None:
    first, second = _draw(package, 1, 0, 5, one), _draw(package, 2, 9, 5, other)
    assert (first.can_join(second), second.can_join(first)) == (together, together)


def test_what_is_asked_for_holds(package: LoadedPackage) -> None:
    found = sample(_draw(package, 11, 0, 400, TESTS), Cancellation())
    free = sample(_draw(package, 11, 0, 400, {}), Cancellation())
    assert set(found["level"].tolist()) == {1}
    assert set(found["city"].tolist()) == {1, 4}
    assert set(found["grade"].tolist()) == {1, len(every_type.GRADES)}
    assert found["open"].all()
    assert (found["ratio"] >= -1.5).all()
    columns = package.model.output.columns  # type: ignore[union-attr]  # it is a table
    validity = {column.name: column.validity for column in columns}
    assert not found[validity["price"]].any()
    assert found[validity["visits"]].all()
    assert not free[validity["visits"]].all()
    assert set(found["born"].tolist()) == {10_956, 10_957, 10_958}
    assert set((found["seen"] // 86_400_000_000).tolist()) == {19_782}
    # Columns that nothing is asked of stay what they are.
    np.testing.assert_array_equal(found["bought"], free["bought"])
    np.testing.assert_array_equal(found["note"], free["note"])
