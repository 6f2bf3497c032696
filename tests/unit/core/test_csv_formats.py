"""The CSV formats of a manifest: every check with its message."""

from typing import Any

import pytest

from synthserve.v1 import schema_pb2
from synthserve_core.contract import csv_formats
from synthserve_core.contract.model import ColumnType, CsvFormat
from synthserve_core.errors import ManifestError

DOUBLE, INT64, BOOL = ColumnType.DOUBLE, ColumnType.INT64, ColumnType.BOOL
DATE, TIMESTAMP, STRING = ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.STRING


def _described(kind: ColumnType, **fields: Any) -> CsvFormat:
    column = schema_pb2.Column(name="c", csv=schema_pb2.CsvFormat(**fields))
    return csv_formats.described(column, kind)


def test_an_empty_format_is_the_default() -> None:
    assert {_described(kind) for kind in ColumnType} == {csv_formats.DEFAULT}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (DATE, {"pattern": "%d.%m.%Y"}),
        (DATE, {"pattern": "%Y-%m-%d %H:%M:%S"}),
        (TIMESTAMP, {"pattern": "%y %b %B %p %I %j %M %S %f 100%%"}),
        (TIMESTAMP, {"pattern": "%Y年%m月%d日"}),
        (STRING, {"pattern": "%H:%M"}),
        (STRING, {"pattern": "%I:%M:%S.%f %p"}),
        (INT64, {"digits": 30}),
        (DOUBLE, {"decimals": 0}),
        (DOUBLE, {"decimals": 30, "decimal_separator": "'"}),
        (BOOL, {"true_text": "Y", "false_text": "N"}),
        (BOOL, {"true_text": "False?"}),
        *((kind, {"missing_text": "NA"}) for kind in ColumnType),
    ],
)
def test_takes_what_the_contract_allows(kind: ColumnType, fields: dict[str, Any]) -> None:
    found = _described(kind, **fields)
    assert {name: getattr(found, name) for name in fields} == fields


SEPARATORS = ["ab", "é", "1", "e", "+", "-", '"', "\n", "\0"]


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        *(
            (
                kind,
                {"pattern": "%Y"},
                "has a pattern, but only dates and timestamps can have one, and texts that are times of day",
            )
            for kind in (DOUBLE, INT64, BOOL, STRING, ColumnType.CATEGORY)
        ),
        *(
            (DATE, {"pattern": pattern}, f"has a pattern with directives that are not known: {pattern!r}")
            for pattern in ("%Q", "%", "%Y%", "%-d", "%Y%z", "%%%", "%e", "%Y\0", "%Y" * 51)
        ),
        *((DATE, {"pattern": text}, f"has a pattern without directives: {text!r}") for text in ("iso", "polars", " ")),
        (DOUBLE, {"digits": 3}, "has digits, but only INT64 columns can, and from 1 to 30"),
        (INT64, {"digits": 31}, "has digits, but only INT64 columns can, and from 1 to 30"),
        (INT64, {"digits": -1}, "has digits, but only INT64 columns can, and from 1 to 30"),
        (INT64, {"decimals": 0}, "has decimals, but only DOUBLE columns can, and from 0 to 30"),
        (DOUBLE, {"decimals": -1}, "has decimals, but only DOUBLE columns can, and from 0 to 30"),
        (DOUBLE, {"decimals": 31}, "has decimals, but only DOUBLE columns can, and from 0 to 30"),
        *(
            (
                DOUBLE,
                {"decimal_separator": text},
                f"has the decimal separator {text!r}; only DOUBLE columns have one, of one character",
            )
            for text in SEPARATORS
        ),
        (
            INT64,
            {"decimal_separator": ","},
            "has the decimal separator ','; only DOUBLE columns have one, of one character",
        ),
        (STRING, {"true_text": "x"}, "has texts of true and false, but is not BOOL"),
        (STRING, {"false_text": "x"}, "has texts of true and false, but is not BOOL"),
        (BOOL, {"true_text": "x", "false_text": "x"}, "has the same text for true and false"),
        (BOOL, {"true_text": "false"}, "has the same text for true and false"),
        (BOOL, {"false_text": "true"}, "has the same text for true and false"),
        (BOOL, {"true_text": "false", "false_text": "true"}, "has the texts of true and false swapped"),
        (BOOL, {"true_text": "false", "false_text": "no"}, "has the texts of true and false swapped"),
        (BOOL, {"true_text": "x", "missing_text": "x"}, "has the missing_text 'x', which is the text of a value"),
        (BOOL, {"true_text": "x" * 101}, "has a text of more than 100 characters"),
        (STRING, {"missing_text": "x" * 101}, "has a text of more than 100 characters"),
    ],
)
def test_refuses(kind: ColumnType, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        _described(kind, **fields)
    assert str(caught.value) == f"the CSV format of the column 'c' {message}"


def test_the_text_of_a_missing_value_is_no_category() -> None:
    column = schema_pb2.Column(
        name="c", categories=["AT", "NA"], nullable=True, csv=schema_pb2.CsvFormat(missing_text="NA")
    )
    with pytest.raises(ManifestError, match="has the missing_text 'NA', which is the text of a value"):
        csv_formats.described(column, ColumnType.CATEGORY)
