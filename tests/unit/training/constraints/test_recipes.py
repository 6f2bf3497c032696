"""Constraints in recipes: what is declared, which mistakes are found, and in which order columns are drawn."""

import pytest

from synthserve_training.errors import RecipeError
from synthserve_training.tables import recipe
from synthserve_training.tables.constraints.planning import plan
from synthserve_training.tables.recipe import TableRecipe
from synthserve_training.tables.toml import to_toml

TABLE = """
model = "orders"

[card]
summary = "Orders"
training_data = "orders.csv"
training_data_license = "CC0-1.0"
license = "CC0-1.0"
intended_use = "Tests"

[[columns]]
name = "end"
type = "date"

[[columns]]
name = "start"
type = "date"

[[columns]]
name = "total"
type = "decimal"

[[columns]]
name = "net"
type = "decimal"

[[columns]]
name = "tax"
type = "decimal"

[[columns]]
name = "city"
type = "category"

[[columns]]
name = "country"
type = "category"

[[columns]]
name = "paid"
type = "boolean"

[[columns]]
name = "id"
type = "integer"
role = "rule"
rule = { kind = "permutation" }
"""


def parsed(*constraints: str) -> TableRecipe:
    return recipe.parse(TABLE + "".join(f"\n[[constraints]]\n{each}\n" for each in constraints))


ORDER = 'kind = "order"\ncolumns = ["start", "end"]'
SUM = 'kind = "sum"\ntotal = "total"\nparts = ["net", "tax"]'
PAIRS = 'kind = "combinations"\ncolumns = ["city", "country"]'
RANGE = 'kind = "range"\ncolumn = "start"\nlow = 2020-01-01\nhigh = "2024-12-31"'
IMPLIED = (
    'kind = "implication"\nwhen = { column = "paid", values = ["false"] }\nthen = { column = "end", missing = true }'
)
UNIQUE = 'kind = "unique"\ncolumn = "id"'
AGE = 'kind = "formula"\ncolumn = "net"\nformula = "years(start, end)"'


def test_each_kind_is_read_and_written() -> None:
    made = parsed(ORDER, SUM, PAIRS, RANGE, IMPLIED, UNIQUE)
    assert [each.text for each in made.constraints] == [
        "start <= end",
        "net + tax = total",
        "city, country have combinations of the data",
        "2020-01-01 <= start <= 2024-12-31",
        "where paid is false, end is missing",
        "id is unique",
    ]
    assert recipe.parse(to_toml(made)) == made


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ([ORDER.replace("end", "ende")], "no column 'ende': did you mean end"),
        (['kind = "order"\ncolumns = ["start"]'], "at least 2 items"),
        (['kind = "order"\ncolumns = ["start", "start"]'], "named twice"),
        (['kind = "order"\ncolumns = ["start", "net"]'], "cannot be compared"),
        (['kind = "orders"\ncolumns = ["start", "end"]'], "'orders' found using 'kind'"),
        ([ORDER + "\nstrictly = true"], "strictly: Extra inputs are not permitted"),
        (['kind = "combinations"\ncolumns = ["city", "net"]'], "'net' is of the type decimal, not boolean, category"),
        (['kind = "range"\ncolumn = "start"'], "give low, high, or both"),
        (['kind = "range"\ncolumn = "start"\nlow = 5'], "'5' is no date such as 2024-12-31"),
        (['kind = "range"\ncolumn = "net"\nlow = "many"'], "'many' is no number"),
        (['kind = "unique"\ncolumn = "city"'], "values that are drawn repeat"),
        (['kind = "order"\ncolumns = ["id", "net"]'], "'id' is not learnt"),
        ([AGE.replace("years", "yeers")], "no function yeers: did you mean years"),
        ([AGE.replace("start, ", "")], "years takes 2 arguments, not 1"),
        ([AGE.replace("years(start, end)", "1 + 1")], "names no column"),
        ([AGE.replace("years(start, end)", "total *")], "is no formula"),
        ([AGE.replace("years(start, end)", "__import__('os')")], "no function __import__"),
        ([AGE.replace("years(start, end)", "start * 2")], "'start' is of the type date"),
        ([AGE, SUM], "'net' follows from other columns and cannot be restricted"),
        ([AGE, AGE], "'net' follows from others already"),
        ([AGE.replace("years(start, end)", "net + 1")], "a column cannot follow from itself"),
        (
            [
                AGE.replace("years(start, end)", "tax + 1"),
                AGE.replace('"net"', '"tax"').replace("years(start, end)", "net"),
            ],
            "follow from each other in a circle",
        ),
        ([SUM, 'kind = "order"\ncolumns = ["total", "net"]'], "'total' is part of a sum"),
        ([ORDER, 'kind = "order"\ncolumns = ["end", "start"]'], "contradict each other"),
        (
            [PAIRS, PAIRS.replace("country", "paid"), PAIRS.replace("city", "paid")],
            "are tied to each other by other constraints already",
        ),
    ],
)
def test_mistakes_are_named(constraints: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        parsed(*constraints)


def test_columns_are_drawn_after_those_that_restrict_them() -> None:
    made = parsed(ORDER, SUM, PAIRS, IMPLIED)
    planned = plan(made.columns, made.constraints)
    assert planned.drawn == ("start", "end", "total", "net", "city", "country", "paid")
    assert list(planned.derived) == ["tax"]


def test_table_without_constraints_keeps_its_order() -> None:
    made = parsed()
    assert plan(made.columns, ()).drawn == ("end", "start", "total", "net", "tax", "city", "country", "paid")


def test_part_that_is_at_most_its_total_needs_no_constraint_of_its_own() -> None:
    made = parsed(SUM, 'kind = "order"\ncolumns = ["net", "total"]')
    assert [each.kind for each in plan(made.columns, made.constraints).constraints] == ["sum"]
