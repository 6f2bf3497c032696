import pytest

from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.schema import csv_delimiter


@pytest.mark.parametrize(
    ("separator", "mark", "expected"),
    [(",", ".", ""), (";", ",", ";"), ("\t", ",", "\t"), ("|", ".", "|"), (" ", ".", ""), (None, ".", "")],
)
def test_csv_has_the_separator_of_the_source(separator: str | None, mark: str, expected: str) -> None:
    price = ColumnOptions(name="price", type=ColumnType.DECIMAL, decimal_mark=mark)
    assert csv_delimiter(separator, [price]) == expected


@pytest.mark.parametrize("separator", [",", None])
def test_decimal_commas_are_not_separated_by_commas(separator: str | None) -> None:
    price = ColumnOptions(name="price", type=ColumnType.DECIMAL, decimal_mark=",")
    assert csv_delimiter(separator, [price]) == ";"
