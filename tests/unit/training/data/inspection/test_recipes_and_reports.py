"""What is written about a table: recipes, JSON, and the table for people."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from tests.unit.training.data.inspection.sources import rows

from synthserve_training.data.inspection import as_json, as_table, inspect, proposed, recipe_toml
from synthserve_training.data.inspection import settings as column_settings
from synthserve_training.errors import DatasetError, RecipeError
from synthserve_training.tables import recipe
from synthserve_training.tables.columns import ColumnType

CELLS = {
    "id": [str(index) for index in range(60)],
    "price": ["$1,234.50", "$7.00", "N/A"] * 20,
    "born": ["01/02/2020", "03/02/2020", "02/02/2020"] * 20,
    "colour": ["red", "green", ""] * 20,
}


def printed(cells: dict[str, list[str]]) -> str:
    console = Console(file=io.StringIO(), width=160)
    found = inspect(rows(cells))
    console.print(as_table(found, proposed(rows(cells), found)))
    stream = console.file
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_a_recipe_gives_the_same_options() -> None:
    found = inspect(rows(CELLS))
    parsed = recipe.parse(recipe_toml(found, "a-table"))
    assert parsed.columns == tuple(profile.options for profile in found.columns)
    assert parsed.source == found.layout.options()


@settings(max_examples=15)
@given(st.text(min_size=1, max_size=20), st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_a_recipe_of_any_names_and_texts_can_be_parsed(name: str, cells: list[str]) -> None:
    found = inspect(rows({name: cells}))
    parsed = recipe.parse(recipe_toml(found, "a-table"))
    assert parsed.columns == tuple(profile.options for profile in found.columns)


def test_json_has_the_fields_that_programs_read() -> None:
    found = as_json(inspect(rows(CELLS)))
    assert {key: found[key] for key in ("encoding", "separator", "header_row", "rows")} == {
        "encoding": "utf-8",
        "separator": ",",
        "header_row": 1,
        "rows": 60,
    }
    price = found["columns"][1]
    assert (price["name"], price["type"], price["missing"], price["distinct"]) == ("price", "decimal", 20, 2)
    assert any("--set" in note for note in found["columns"][2]["notes"])


def test_people_see_types_warnings_and_what_is_private() -> None:
    text = printed(CELLS)
    assert "header in line 1" in text
    assert "id (rule)" in text
    assert "33 %" in text
    assert "Warnings" in text
    assert "Privacy" in text


def test_markup_in_cells_and_names_is_shown_as_it_is() -> None:
    assert "[red]x" in printed({"[bold]": ["[red]x", "[/red]"] * 9})


def test_settings_change_types_and_formats() -> None:
    given_settings = column_settings.parse(
        ["born.patterns=%d/%m/%Y", "colour.missing=red", "id.type=integer"], list(CELLS)
    )
    found = {one.options.name: one for one in inspect(rows(CELLS), settings=given_settings).columns}
    assert found["born"].options.patterns == ("%d/%m/%Y",)
    assert found["colour"].missing == 40
    assert "red" in found["colour"].options.missing
    assert found["id"].options.type is ColumnType.INTEGER


def test_a_marker_that_is_set_makes_numbers_of_a_column() -> None:
    cells = {"n": ["1", "2", "n1"] * 20}
    assert inspect(rows(cells)).columns[0].options.type is ColumnType.CATEGORY
    given_settings = column_settings.parse(["n.missing=n1"], ["n"])
    assert inspect(rows(cells), settings=given_settings).columns[0].options.type is ColumnType.INTEGER


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price", "write COLUMN.FIELD=VALUE"),
        ("prize.type=date", "did you mean price"),
        ("price.tipe=date", "did you mean type"),
        ("price.type=dates", "type: "),
    ],
)
def test_settings_that_are_wrong(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        column_settings.parse([text], ["price"])


def test_a_type_that_the_values_do_not_have_is_an_error() -> None:
    with pytest.raises(DatasetError, match=r"column 'colour' cannot be read as date.*'red'"):
        inspect(rows(CELLS), {"colour": ColumnType.DATE})


def test_columns_that_are_missing_together_are_in_one_line() -> None:
    numbers = {
        name: [str(factor * index % 31) if index % 3 else "" for index in range(90)]
        for name, factor in (("a", 7), ("b", 11), ("d", 13))
    }
    text = printed({"c": ["x", "y"] * 45, **numbers})
    assert text.count("missing together") == 1
    assert "a, b, d are missing together (missing in the same 30 rows)" in text
    assert "where" not in text
