"""Ticks of axes of dates and timestamps."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve.v1.schema_pb2 import COLUMN_TYPE_DATE, COLUMN_TYPE_TIMESTAMP, Column, TableSchema
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.plots.columns import distribution
from synthserve_training.evaluation.tables.plots.moments import ticks


def days(text: str) -> float:
    return (datetime.datetime.fromisoformat(text) - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("low", "high", "whole_days", "labels"),
    [
        ("1951-02-03", "2024-06-01", True, ["1960", "1980", "2000", "2020"]),
        ("2021-11-20", "2022-12-02", True, ["2022-01", "2022-04", "2022-07", "2022-10"]),
        ("2021-11-28", "2021-12-02", True, ["2021-11-28", "2021-11-29", "2021-11-30", "2021-12-01", "2021-12-02"]),
        ("2021-11-28T12:00", "2021-11-29T12:00", True, ["2021-11-29"]),
        ("2021-11-28T20:30", "2021-11-29T07:10", False, ["11-28 21:00", "11-29 00:00", "11-29 03:00", "11-29 06:00"]),
        ("2021-11-28T20:00:00", "2021-11-28T20:00:03", False, ["11-28 20:00:00", "20:00:01", "20:00:02", "20:00:03"]),
    ],
)
def test_ticks_are_whole_units(low: str, high: str, whole_days: bool, labels: list[str]) -> None:
    assert ticks(days(low), days(high), whole_days=whole_days)[1] == labels


@given(st.floats(-719_000, 2_900_000), st.floats(0, 1_000_000), st.booleans())
def test_ticks_are_few_and_inside(low: float, length: float, whole_days: bool) -> None:
    places, labels = ticks(low, low + length, whole_days=whole_days)
    assert len(places) == len(labels) <= 5
    assert len(set(labels)) == len(labels)
    assert ((places >= low - 1e-9) & (places <= low + length + 1e-9)).all()
    if length > 2:
        assert len(places)


@pytest.mark.parametrize("kind", [COLUMN_TYPE_DATE, COLUMN_TYPE_TIMESTAMP])
@pytest.mark.parametrize("spread", [0, 1, 40, 4_000_000])
def test_pictures_of_dates_warn_of_nothing(kind: int, spread: int) -> None:
    columns = Columns(TableSchema(columns=[Column(name="at", type=kind)]), None)  # type: ignore[arg-type]  # an enum
    values = pd.Series(np.random.default_rng(0).integers(0, spread + 1, 100).astype(float) + 18_000, name="at")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert distribution(values, values, columns)
