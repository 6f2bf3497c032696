"""The dataset `file`: the user's table for the recipes that name their parts."""

from pathlib import Path
from typing import Any

import pytest

from synthserve.v1 import schema_pb2
from synthserve.v1.schema_pb2 import TableSchema
from synthserve_training.data.datasets import file
from synthserve_training.data.files import Files
from synthserve_training.data.preprocessing import table
from synthserve_training.errors import DatasetError, RecipeError

HEAD = "id;joined;age;fee;plan;member;note\n"


def customers(folder: Path, count: int = 24) -> Path:
    """Rows with German decimals, a key, a date, and one row without an age."""
    path = folder / "customers.csv"
    lines = [
        f"C{10_000 + i};{1 + i % 28:02}.03.2024;{20 + i};{9 + i % 3},50;{'basic' if i % 2 else 'pro'};"
        f"{'yes' if i % 3 else 'no'};words that nobody {'else' * i} has\n"
        for i in range(count)
    ]
    path.write_text(HEAD + "".join(lines) + "C20000;01.03.2024;;9,50;pro;no;none\n", encoding="utf-8")
    return path


def loaded(**options: Any) -> Any:
    return file.load(file.Options(**options), Files(None, Path("unused")))


def test_numbers_and_categories_of_a_file_are_learnt_without_naming_them(tmp_path: Path) -> None:
    data = loaded(address=str(customers(tmp_path)))
    fitted = table.fit(table.Options(), data)
    assert isinstance(fitted.decoder.schema, TableSchema)
    assert [(column.name, column.type, column.decimals) for column in fitted.decoder.schema.columns] == [
        ("age", schema_pb2.COLUMN_TYPE_INT64, 0),
        ("fee", schema_pb2.COLUMN_TYPE_DOUBLE, 1),
        ("plan", schema_pb2.COLUMN_TYPE_CATEGORY, 0),
        ("member", schema_pb2.COLUMN_TYPE_CATEGORY, 0),
    ]  # no key, no date, no text
    assert len(fitted.data) == 24  # the row without an age is left out
    assert set(fitted.data.member) == {"yes", "no"}
    assert fitted.data.fee.tolist()[:3] == [9.5, 10.5, 11.5]
    part = table.fit(table.of_cleaned(table.with_columns(table.Options(), fitted.data)), fitted.data[:12])
    assert isinstance(part.decoder.schema, TableSchema)
    assert part.decoder.schema == fitted.decoder.schema


def test_columns_of_a_file_can_be_named(tmp_path: Path) -> None:
    columns = (table.ColumnOptions(name="years", source="age", type="int64"),)
    fitted = table.fit(table.Options(columns=columns), loaded(address=str(customers(tmp_path))))
    assert fitted.data.years.tolist() == list(range(20, 44))


def test_a_recipe_says_what_the_columns_are(tmp_path: Path) -> None:
    customers(tmp_path)
    recipe = tmp_path / "customers.toml"
    recipe.write_text(
        f"""
model = "customers"
source = {{ address = "{tmp_path / "customers.csv"}" }}
card = {{ summary = "-", training_data = "-", training_data_license = "-", license = "-", intended_use = "-" }}

[[columns]]
name = "years"
source = "age"
type = "integer"

[[columns]]
name = "plan"
type = "category"
role = "drop"
"""
    )
    assert list(loaded(recipe=str(recipe)).columns) == ["years"]


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give the address of a table"):
        file.Options()
    with pytest.raises(ValueError, match="leave the other options out"):
        file.Options(recipe="customers.toml", separator=";")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(RecipeError, match=r"bad\.toml"):
        loaded(recipe=str(tmp_path / "bad.toml"))
    (tmp_path / "dates.csv").write_text("joined\n" + "".join(f"2024-03-{day:02}\n" for day in range(1, 29)))
    with pytest.raises(DatasetError, match="no column of numbers or categories"):
        loaded(address=str(tmp_path / "dates.csv"))
