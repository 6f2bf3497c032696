"""What the server says of its models, with all that a newer one may say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from synthserve import Column, Condition, CsvFormat, Model, ProtocolError, TableSchema
from synthserve._models import ModelPages, list_request, model
from synthserve._schema import table_schema
from synthserve.v1 import model_pb2, schema_pb2

DOUBLE = schema_pb2.COLUMN_TYPE_DOUBLE

NEWER = 99
"""A number that no enum of this client has."""

TABLE = schema_pb2.TableSchema(
    csv_delimiter=";",
    columns=[
        schema_pb2.Column(name="city", type=schema_pb2.COLUMN_TYPE_CATEGORY, categories=["a", "b"], category_count=2),
        schema_pb2.Column(name="flag", type=schema_pb2.COLUMN_TYPE_BOOL, csv=schema_pb2.CsvFormat(true_text="yes")),
        schema_pb2.Column(name="note", type=schema_pb2.COLUMN_TYPE_STRING, nullable=True, max_bytes=40),
        schema_pb2.Column(name="day", type=schema_pb2.COLUMN_TYPE_DATE, csv=schema_pb2.CsvFormat(pattern="%d.%m.%Y")),
        schema_pb2.Column(name="local", type=schema_pb2.COLUMN_TYPE_TIMESTAMP),
        schema_pb2.Column(name="at", type=schema_pb2.COLUMN_TYPE_TIMESTAMP, utc=True),
        schema_pb2.Column(name="new", type=NEWER),  # type: ignore[arg-type]  # of a newer server
    ],
)


def message(**fields: Any) -> model_pb2.Model:
    return model_pb2.Model(name="models/m", version="models/m/versions/1", **fields)


def test_columns() -> None:
    assert table_schema(TABLE) == TableSchema(
        (
            Column("city", "category", ("a", "b"), category_count=2),
            Column("flag", "bool", csv=CsvFormat(true_text="yes")),
            Column("note", "string", nullable=True, max_bytes=40),
            Column("day", "date", csv=CsvFormat(pattern="%d.%m.%Y")),
            Column("local", "timestamp"),
            Column("at", "timestamp", utc=True),
            Column("new", "unknown"),
        ),
        csv_delimiter=";",
    )


def test_defaults_of_csv() -> None:
    schema = table_schema(schema_pb2.TableSchema(columns=[schema_pb2.Column(name="x", type=DOUBLE)]))
    assert schema == TableSchema((Column("x", "double"),), csv_delimiter=",")
    assert schema.columns[0].csv.decimals is None
    explicit = schema_pb2.Column(name="x", type=DOUBLE, csv=schema_pb2.CsvFormat(decimals=0))
    assert table_schema(schema_pb2.TableSchema(columns=[explicit])).columns[0].csv.decimals == 0


def test_conditions() -> None:
    specs = [
        schema_pb2.ConditionSpec(column="city", kind=schema_pb2.CONDITION_KIND_SET, category_count=2, nullable=True),
        schema_pb2.ConditionSpec(column="flag", kind=schema_pb2.CONDITION_KIND_CODE, category_count=2),
        schema_pb2.ConditionSpec(
            column="at", kind=schema_pb2.CONDITION_KIND_RANGE, low="2020-01-01T00:00:00Z", high="9", unit="s"
        ),
        schema_pb2.ConditionSpec(column="day", kind=NEWER, type=NEWER),  # type: ignore[arg-type]  # of a newer server
    ]
    assert model(message(table=TABLE, conditions=specs)).conditions == (
        Condition("city", ("a", "b"), "set", "category", nullable=True, category_count=2),
        Condition("flag", ("false", "true"), "code", "bool", category_count=2),
        Condition("at", (), "range", "timestamp", low="2020-01-01T00:00:00Z", high="9", unit="s"),
        Condition("day", (), "unknown", "unknown"),
    )


def test_conditions_of_images_have_values_of_their_own() -> None:
    spec = schema_pb2.ConditionSpec(column="digit", categories=["0", "1"])
    found = model(message(image=schema_pb2.ImageSchema(height=1, width=1, channels=1), conditions=[spec]))
    assert found.conditions == (Condition("digit", ("0", "1"), category_count=2),)


def test_methods() -> None:
    found = model(message(methods=[1, 2, 3, NEWER]))
    assert found.methods == ("generate", "score", "transform", "unknown")
    assert model(message()).methods == ()


def test_a_list_leaves_categories_out_unless_they_are_asked_for() -> None:
    assert list_request(full=False).view == model_pb2.MODEL_VIEW_BASIC
    assert list_request(full=True).view == model_pb2.MODEL_VIEW_FULL
    basic = schema_pb2.Column(name="city", type=schema_pb2.COLUMN_TYPE_CATEGORY, category_count=70_000)
    spec = schema_pb2.ConditionSpec(column="city", category_count=70_000)
    found = model(message(table=schema_pb2.TableSchema(columns=[basic]), conditions=[spec]))
    assert found.table == TableSchema((Column("city", "category", category_count=70_000),))
    assert found.conditions == (Condition("city", (), category_count=70_000),)


def test_more_categories_than_a_column_has_are_refused() -> None:
    bad = schema_pb2.Column(name="c", type=schema_pb2.COLUMN_TYPE_CATEGORY, categories=["a", "b"], category_count=1)
    with pytest.raises(ProtocolError, match="'c': the server sent 2 categories, and said 1"):
        table_schema(schema_pb2.TableSchema(columns=[bad]))


def first_page(count: int, *categories: str) -> model_pb2.GetModelResponse:
    """A page of a model with one column and two conditions, one of which has categories of its own."""
    category = schema_pb2.COLUMN_TYPE_CATEGORY
    column = schema_pb2.Column(name="c", type=category, categories=categories, category_count=count)
    specs = [
        schema_pb2.ConditionSpec(column="c", category_count=count),
        schema_pb2.ConditionSpec(column="other", categories=["x"], category_count=2),
    ]
    described = message(table=schema_pb2.TableSchema(columns=[column]), conditions=specs)
    return model_pb2.GetModelResponse(model=described, next_page_token="1")  # noqa: S106 - of a page


Parts = Sequence[tuple[int, list[str]]]


def page(token: str = "", *, columns: Parts = (), conditions: Parts = ()) -> model_pb2.GetModelResponse:
    part = schema_pb2.SchemaPart(
        columns=[schema_pb2.CategoryPart(index=index, categories=found) for index, found in columns],
        conditions=[schema_pb2.CategoryPart(index=index, categories=found) for index, found in conditions],
    )
    return model_pb2.GetModelResponse(part=part, next_page_token=token)


def put_together(*parts: model_pb2.GetModelResponse) -> Model:
    pages = ModelPages()
    for part in parts:
        pages.add(part)
    return pages.model()


def test_a_description_is_put_together_of_its_pages() -> None:
    pages = ModelPages()
    assert pages.add(first_page(3, "a")) == "1"
    assert pages.add(page("2", columns=[(0, ["b"])])) == "2"
    assert pages.add(page(columns=[(0, ["c"])], conditions=[(1, ["y"])])) == ""
    found = pages.model()
    assert found.table is not None
    assert found.table.columns[0].categories == ("a", "b", "c")
    assert [condition.values for condition in found.conditions] == [("a", "b", "c"), ("x", "y")]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([page(columns=[(1, ["b"])])], "categories of number 1 of 1"),
        ([page(columns=[(-1, ["b"])])], "categories of number -1 of 1"),
        ([page(conditions=[(2, ["b"])])], "categories of number 2 of 2"),
        ([page(columns=[(0, ["b", "c", "d"])])], "'c': the server sent 4 categories, and said 3"),
        ([page(conditions=[(0, ["a", "b", "c", "d"])])], "'c': the server sent 4 categories, and said 3"),
        ([page(columns=[(0, ["b"])])], "'c': the server sent 2 categories, and said 3"),
        ([page(columns=[(0, ["b", "c"])])], "'other': the server sent 1 categories, and said 2"),
        ([page("2"), page("3")], "a page of a model's description that holds nothing"),
        ([page("2", columns=[(0, [])])], "a page of a model's description that holds nothing"),
    ],
)
def test_pages_that_do_not_fit_are_refused(parts: list[model_pb2.GetModelResponse], why: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        put_together(first_page(3, "a"), *parts)
    assert why in str(caught.value)
