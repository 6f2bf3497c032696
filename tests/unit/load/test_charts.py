import itertools
import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.load.open_loop.charts import Chart, Curve, Mark, apart, svg, ticks

values = st.floats(1e-3, 1e6)


@given(low=values, times=st.floats(2, 1e6))
def test_logarithmic_ticks_are_within_the_axis(low: float, times: float) -> None:
    found = ticks(low, low * times, log=True)
    assert all(low <= value <= low * times for value in found)
    assert found == sorted(found)
    assert len(found) <= 10


@given(high=values)
def test_linear_ticks_are_a_handful_from_zero(high: float) -> None:
    found = ticks(0.0, high, log=False)
    assert found[0] == 0
    assert 3 <= len(found) <= 6
    assert found[-1] <= high * (1 + 1e-9)


@given(places=st.lists(st.floats(0, 300), max_size=6))
def test_names_do_not_lie_on_each_other(places: list[float]) -> None:
    moved = sorted(apart(places, 14.0))
    assert all(later - at >= 14.0 - 1e-9 for at, later in itertools.pairwise(moved))


@pytest.mark.parametrize("log", [True, False])
@given(points=st.lists(st.tuples(values, values), min_size=1, max_size=12))
def test_all_is_within_the_picture(log: bool, points: list[tuple[float, float]]) -> None:
    chart = Chart(
        title="<b> & more",
        y_title="y",
        x_title="x",
        curves=[Curve("p99", "p99", sorted(points))],
        marks=[Mark(*points[0], "why & when")],
        log=log,
        line=(points[0][0], "knee"),
        bound=(points[0][1] * 5, "allowed"),
    )
    root = ElementTree.fromstring(svg(chart))  # noqa: S314 - made here
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    circles = [element for element in root if element.tag == "circle"]
    assert len(circles) == len(points) + 1
    for circle in circles:
        x, y = float(circle.attrib["cx"]), float(circle.attrib["cy"])
        assert math.isfinite(x)
        assert 0 <= x <= width
        assert 0 <= y <= height
