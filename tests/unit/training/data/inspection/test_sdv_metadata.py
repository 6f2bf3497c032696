"""SDV's metadata, read and written."""

import json

import pytest
from tests.unit.training.data.inspection.sources import rows

from synthserve_training.data.inspection import inspect, sdv_metadata
from synthserve_training.errors import RecipeError
from synthserve_training.tables.columns import ColumnType

COLUMNS = {
    "guest": {"sdtype": "email", "pii": True},
    "since": {"sdtype": "datetime", "datetime_format": "%d/%m/%Y"},
    "zip": {"sdtype": "categorical"},
    "nights": {"sdtype": "numerical", "computer_representation": "Int64"},
    "rate": {"sdtype": "numerical"},
    "key": {"sdtype": "id"},
}
SINGLE = {"METADATA_SPEC_VERSION": "SINGLE_TABLE_V1", "primary_key": "key", "columns": COLUMNS}
SEVERAL = {"METADATA_SPEC_VERSION": "V1", "tables": {"guests": {"columns": COLUMNS}}, "relationships": []}


@pytest.mark.parametrize("content", [SINGLE, SEVERAL])
def test_both_versions_are_read(content: object) -> None:
    found = sdv_metadata.read(json.dumps(content))
    assert found["since"] == {"type": ColumnType.DATE, "patterns": ("%d/%m/%Y",)}
    assert found["zip"] == {"type": ColumnType.CATEGORY}
    assert found["nights"] == {"type": ColumnType.INTEGER}
    assert found["key"] == {"type": ColumnType.ID}
    assert "rate" not in found


def test_what_was_read_decides_types() -> None:
    cells = {"since": ["01/02/2020", "03/02/2020"] * 9, "zip": ["1001", "1002"] * 9}
    found = inspect(
        rows(cells),
        settings={name: fields for name, fields in sdv_metadata.read(json.dumps(SINGLE)).items() if name in cells},
    )
    assert found.columns[0].options.patterns == ("%d/%m/%Y",)
    assert found.columns[1].options.type is ColumnType.CATEGORY


def test_what_is_written_is_read_again() -> None:
    cells = {
        "mail": [f"u{index}@example.org" for index in range(30)],
        "n": [str(7 * index % 31) for index in range(30)],
        "day": ["2020-01-02", "2020-05-31"] * 15,
        "b": ["yes", "no"] * 15,
    }
    found = inspect(rows(cells))
    again = sdv_metadata.read(sdv_metadata.write(found))
    assert {name: fields["type"] for name, fields in again.items()} == {
        one.options.name: one.options.type for one in found.columns
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"columns": {"a": {}}}', '{"tables": {"a": {}, "b": {}}}'])
def test_what_is_no_metadata_is_an_error(text: str) -> None:
    with pytest.raises(RecipeError, match="metadata"):
        sdv_metadata.read(text)
