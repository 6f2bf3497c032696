import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from synthserve_training.models.classwise import cumulative_shares, pick, product

WEIGHTS = st.lists(st.sampled_from([0.0, 0.125, 1.0, 40.0]), min_size=1, max_size=9).filter(any)


@given(weights=WEIGHTS, data=st.data())
def test_pick_never_picks_what_has_no_weight_or_is_of_another_class(weights: list[float], data: st.DataObject) -> None:
    classes = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(weights), max_size=len(weights))))
    tables = cumulative_shares(np.array(weights, np.float32), classes, 4)
    row = data.draw(hnp.arrays(np.int64, 8, elements=st.integers(0, 4)))
    at = data.draw(hnp.arrays(np.float32, 8, elements=st.floats(0, 1, width=32)))
    for item, table in zip(np.asarray(pick(tables, row, at)), row, strict=True):
        assert weights[item] > 0
        of_class = np.array(weights)[classes == table - 1]
        # A class without weight picks of all.
        assert table == 0 or not of_class.any() or classes[item] == table - 1


def test_pick_picks_by_weight() -> None:
    at = np.linspace(0, 1, 10_001, dtype=np.float32)
    tables = cumulative_shares(np.array([1, 0, 2, 1], np.float32), np.array([0, 0, 1, 1]), 2)
    for row, shares in ((0, [0.25, 0, 0.5, 0.25]), (1, [1, 0, 0, 0]), (2, [0, 0, 2 / 3, 1 / 3])):
        picked = np.bincount(np.asarray(pick(tables, np.full(len(at), row), at)), minlength=4)
        assert picked / len(at) == pytest.approx(shares, abs=1e-3)


@pytest.mark.parametrize("classes", [1, 2, 5])
def test_product_multiplies_each_row_by_the_matrix_of_its_class(classes: int) -> None:
    generator = np.random.default_rng(classes)
    matrices = generator.standard_normal((classes, 4, 3), np.float32)
    vectors, code = generator.standard_normal((40, 3), np.float32), generator.integers(0, classes, 40)
    expected = np.einsum("noi,ni->no", matrices[code], vectors)
    assert np.asarray(product(matrices, vectors, code)) == pytest.approx(expected, abs=1e-5)
