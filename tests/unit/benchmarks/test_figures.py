import pytest
from tests.benchmarks.figures import percentile, ratio
from tests.benchmarks.requests import infer_request
from tests.benchmarks.workloads import QUICK, Workload, chosen, workloads


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (0.0, 1), (1.0, 100), (0.011, 2)])
def test_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == value


def test_percentile_of_nothing() -> None:
    assert percentile([], 0.5) is None


def test_ratios_are_formed_within_rounds() -> None:
    found = ratio([2.0, 30.0, None, 4.0], [1.0, 10.0, 1.0, 0.0])
    assert found is not None
    assert (found.least, found.median, found.most) == (2.0, 2.5, 3.0)


def test_ratio_without_a_common_round() -> None:
    assert ratio([None, 1.0], [1.0, None]) is None


def test_names_are_unique_and_the_quick_cases_are_among_them() -> None:
    names = [workload.name for workload in workloads("iris-vae", ["flowers-wgan", "mnist-dcgan"])]
    assert len(set(names)) == len(names)
    assert set(QUICK) <= set(names)


def test_cases_are_chosen_by_pattern() -> None:
    found = chosen(workloads("iris-vae", []), ["rows-1k-csv-c?"])
    assert found == [Workload("rows", "iris-vae", 1_000, "csv", 1), Workload("rows", "iris-vae", 1_000, "csv", 8)]


def test_the_infer_request_is_one() -> None:
    assert infer_request("m", 16) == (
        b"\x0a\x01m\x2a\x11\x0a\x05count\x12\x05INT64\x1a\x01\x01\x3a\x08\x10\x00\x00\x00\x00\x00\x00\x00"
    )
