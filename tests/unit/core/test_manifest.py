"""Manifests of format 2: every check of tables, images and conditions with its message."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tests.fixtures import every_type
from tests.fixtures.packages import format_2

from synthserve_core.contract import manifest as manifests
from synthserve_core.contract.model import (
    IMAGE,
    ColumnType,
    ConditionKind,
    Data,
    Distribution,
    Given,
    Image,
    Index,
    MethodKind,
    Model,
    Noise,
    Score,
    Table,
    Validity,
)
from synthserve_core.errors import ManifestError

IMAGE_MANIFEST: dict[str, Any] = {
    "image": {"height": 4, "width": 5, "channels": 3},
    "conditions": [{"column": "digit", "kind": "CONDITION_KIND_SET", "categories": ["0", "1"]}],
    "methods": [
        {
            "method": "METHOD_GENERATE",
            "batch_size": 8,
            "inputs": [
                {"name": "z", "noise": {"distribution": "NOISE_DISTRIBUTION_NORMAL", "shape": [2]}},
                {"name": "digit", "condition": {"column": "digit"}},
            ],
            "outputs": [{"name": "pixels", "image": {}}],
        }
    ],
}

Change = Callable[[dict[str, Any]], Any]


def _described(manifest: dict[str, Any], change: Change | None = None) -> Model:
    content = format_2(manifest, b"")
    if change:
        change(content)
    return manifests.describe(manifests.parse(json.dumps(content).encode()), "m", 1)


def _column(name: str, /, **fields: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        (column,) = (one for one in content["table"]["columns"] if one["name"] == name)
        column |= fields

    return change


def _condition(column: str, /, **fields: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        (condition,) = (one for one in content["conditions"] if one["column"] == column)
        condition |= fields

    return change


def _table(**fields: Any) -> Change:
    return lambda content: content["table"].update(fields)


def _image(**fields: Any) -> Change:
    return lambda content: content["image"].update(fields)


def test_a_model_with_all_there_is() -> None:
    model = _described(every_type.MANIFEST)
    assert isinstance(model.output, Table)
    assert model.output.csv_delimiter == ";"
    columns = {column.name: column for column in model.output.columns}
    assert list(columns) == [column["name"] for column in every_type.COLUMNS]
    assert {column.type for column in columns.values()} == set(ColumnType)
    assert {name for name, column in columns.items() if column.nullable} == set(every_type.NULLABLE)
    assert (columns["seen"].utc, columns["bought"].utc) == (True, False)
    assert columns["note"].max_bytes == every_type.NOTE_BYTES
    assert columns["price"].csv.decimals == 2
    assert columns["price"].csv.decimal_separator == ","
    conditions = {condition.name: condition for condition in model.conditions}
    assert {name: condition.kind for name, condition in conditions.items()} == {
        "level": ConditionKind.CODE,
        **dict.fromkeys(("city", "grade", "open"), ConditionKind.SET),
        **{one.column: ConditionKind.RANGE for one in every_type.RANGES},
    }
    assert conditions["city"].categories == every_type.CITIES
    assert conditions["open"].categories == ("false", "true")
    assert conditions["grade"].tensor.shape == (len(every_type.GRADES) + 1,)
    # Limits are read in the default form and in that of the column.
    assert (conditions["ratio"].low, conditions["ratio"].high) == (-1000, 1000)
    assert (conditions["born"].low, conditions["born"].high) == (-25_567, 20_000)
    inputs = model.generate.inputs
    assert inputs["dice"] == Noise(Distribution.UNIFORM, (3, 4), 0)
    assert inputs["bell"] == Noise(Distribution.NORMAL, (2,), 1)
    assert inputs["more dice"] == Noise(Distribution.UNIFORM, (2,), 2)
    assert inputs["number"] == Index()
    assert inputs["city?"] == Given(conditions["city"], shared=False)
    assert inputs["grade?"] == Given(conditions["grade"], shared=True)
    # Outputs are in the order of the schema, whatever the order of the manifest.
    keys = list(model.generate.outputs.values())
    assert keys[:5] == ["id", "ratio", "price", Validity("price"), "visits"]
    assert model.generate.packet == 4


def test_an_image_has_conditions_that_no_column_describes() -> None:
    model = _described(IMAGE_MANIFEST)
    assert model.output == Image(4, 5, 3)
    (condition,) = model.conditions
    assert (condition.type, condition.categories) == (ColumnType.CATEGORY, ("0", "1"))
    assert list(model.generate.outputs.values()) == [IMAGE]


def test_score_and_transform_take_data() -> None:
    def change(content: dict[str, Any]) -> None:
        generate = content["methods"][0]
        data = [
            {"name": output["name"], "data": {key: value for key, value in output.items() if key != "name"}}
            for output in generate["outputs"]
        ]
        scores = [{"name": "all", "score": {}}, {"name": "of city", "score": {"column": "city"}}]
        content["methods"] += [
            {**generate, "method": "METHOD_SCORE", "inputs": data, "outputs": scores},
            {**generate, "method": "METHOD_TRANSFORM", "inputs": [*generate["inputs"], *data]},
        ]

    model = _described(every_type.MANIFEST, change)
    assert set(model.methods) == set(MethodKind)
    score = model.methods[MethodKind.SCORE]
    assert score.inputs["the city"] == Data("city")
    assert score.inputs["has grade"] == Data(Validity("grade"))
    assert set(score.outputs.values()) == {Score(), Score("city")}


TABLE_REFUSALS: list[tuple[Change, str]] = [
    (lambda m: m.update(version=2), "the manifest is for 'm' version 2, but lies in the folder m/1"),
    (lambda m: m.pop("table"), "the manifest names neither a table nor an image"),
    (_table(columns=[]), "the table has no columns"),
    (
        lambda m: m["table"].update(columns=[{"name": f"c{i}", "type": 1} for i in range(4097)]),
        "the table has 4,097 columns; allowed are 4,096",
    ),
    (
        lambda m: m["table"]["columns"].append(m["table"]["columns"][0]),
        "the table's columns hold 'id' twice",
    ),
    (_table(csv_delimiter=";;"), "the CSV delimiter must be one ASCII character, not ';;'"),
    (_table(csv_delimiter='"'), "the CSV delimiter must be one ASCII character, not '\"'"),
    (_table(csv_delimiter="\n"), "the CSV delimiter must be one ASCII character, not '\\n'"),
    (_table(csv_delimiter="é"), "the CSV delimiter must be one ASCII character, not 'é'"),
    *(
        (_table(csv_delimiter=one), f"the CSV delimiter must be one ASCII character, not {one!r}")
        for one in ("1", "t", "-", "+", ".")
    ),
    (
        _table(csv_delimiter=","),
        "the column 'price' has the decimal separator ',', which delimits the cells of its CSV",
    ),
    (_column("id", name=""), "a column has no name"),
    (_column("id", type=0), "the column 'id' has no type that this server knows"),
    (_column("id", type=99), "the column 'id' has no type that this server knows"),
    (_column("city", categories=[]), "the column 'city' has no categories"),
    (_column("city", categories=["a", "b", "a"]), "the categories of the column 'city' hold 'a' twice"),
    (
        _column("city", categories=[str(i) for i in range(65_537)]),
        "the column 'city' has 65,537 categories; allowed are 65,536",
    ),
    (
        _column("city", categories=["é" * 32_769]),
        "the column 'city' has a category of 65,538 bytes; allowed are 65,536",
    ),
    (_column("id", categories=["a"]), "the column 'id' has categories, but is not of that type"),
    (_column("city", category_count=4), "the column 'city' has 5 categories, not 4 as its category_count says"),
    (_column("id", category_count=4), "the column 'id' has 0 categories, not 4 as its category_count says"),
    (_column("id", decimals=1), "the column 'id' has decimals, but only DOUBLE columns can, and from 0 to 30"),
    (_column("ratio", decimals=31), "the column 'ratio' has decimals, but only DOUBLE columns can, and from 0 to 30"),
    (_column("ratio", decimals=-1), "the column 'ratio' has decimals, but only DOUBLE columns can, and from 0 to 30"),
    (_column("born", utc=True), "the column 'born' is in UTC, but only TIMESTAMP columns can be"),
    (
        _column("note", max_bytes=0),
        "the column 'note' has max_bytes 0; it must be from 1 to 65,536 in STRING columns, and is not for others",
    ),
    (
        _column("note", max_bytes=65_537),
        "the column 'note' has max_bytes 65537; it must be from 1 to 65,536 in STRING columns, and is not for others",
    ),
    (
        _column("note", max_bytes=-1),
        "the column 'note' has max_bytes -1; it must be from 1 to 65,536 in STRING columns, and is not for others",
    ),
    (_column("id", max_bytes=3), "the column 'id' has max_bytes 3; it must be from 1"),
    (
        _column("id", description="x" * (1 << 20)),
        "the description of the model has 1,04",
    ),
    (
        lambda m: m["card"].update(limits=["x" * 1000] * 1100),
        "the description of the model has 1,10",
    ),
]

CONDITION_REFUSALS: list[tuple[Change, str]] = [
    (
        lambda m: m["conditions"].append(m["conditions"][0]),
        "the conditions hold 'level' twice",
    ),
    (
        lambda m: m.update(conditions=[{"column": f"c{i}"} for i in range(4097)]),
        "the model has 4,097 conditions; allowed are 4,096",
    ),
    (_condition("level", column=""), "a condition has no name"),
    (_condition("level", column="levels"), "the condition 'levels' names no column of the table"),
    (_condition("level", kind=9), "the condition 'level' has no kind that this server knows"),
    (_condition("level", type=9), "the condition 'level' has no type that this server knows"),
    (
        _condition("level", type="COLUMN_TYPE_BOOL"),
        "the condition 'level' has the type bool, and its column category",
    ),
    (_condition("level", nullable=True), "the condition 'level' is nullable, but a CODE knows no missing value"),
    (_condition("city", nullable=True), "the condition 'city' is nullable, but its column is not"),
    (
        _condition("city", kind="CONDITION_KIND_RANGE"),
        "the condition 'city' is a RANGE, but its type category has none",
    ),
    (_condition("open", kind="CONDITION_KIND_RANGE"), "the condition 'open' is a RANGE, but its type bool has none"),
    (_condition("ratio", categories=["1"]), "the condition 'ratio' is a RANGE, but has categories"),
    (_condition("ratio", kind="CONDITION_KIND_SET"), "the condition 'ratio' has no categories"),
    (_condition("city", categories=["東京", "東京"]), "the categories of the condition 'city' hold '東京' twice"),
    (_condition("city", categories=["Oslo"]), "the condition 'city' has categories that the column does not have"),
    (
        _condition("city", categories=["東京"]),
        "the condition 'city' is a SET and must list all values of its column, or none, which means all",
    ),
    (
        _condition("open", categories=["true"]),
        "the condition 'open' is a SET and must list all values of its column, or none, which means all",
    ),
    (
        _condition("grade", nullable=False),
        "the condition 'grade' is a SET and must be nullable exactly if its column is",
    ),
    (
        _condition("ratio", kind="CONDITION_KIND_SET", categories=["1"], low="", high=""),
        "the condition 'ratio' is a SET, but its column is neither CATEGORY nor BOOL",
    ),
    (_condition("city", low="a"), "the condition 'city' has a lowest or highest value, but is no RANGE"),
    (_condition("city", high="a"), "the condition 'city' has a lowest or highest value, but is no RANGE"),
    (_condition("city", category_count=4), "the condition 'city' has 5 categories, not 4 as its category_count says"),
    (_condition("ratio", low="one"), "the lowest or highest value of the condition 'ratio' must be a number such as"),
    (
        _condition("born", high="2024-02-30"),
        "the lowest or highest value of the condition 'born' is no day of the calendar",
    ),
    (_condition("ratio", low="5", high="4"), "the lowest value of the condition 'ratio' is above its highest"),
]

IMAGE_REFUSALS: list[tuple[Change, str]] = [
    (_image(height=0), "the image's height and width must be at least 1"),
    (_image(width=-1), "the image's height and width must be at least 1"),
    (_image(height=65_536), "the image's height and width must be at most 65,535"),
    (_image(channels=2), "the image must have 1 or 3 channels, not 2"),
    (_image(height=30_000, width=30_000), "the image has 2,700,000,000 values; allowed are 268,435,456"),
    (
        lambda m: m["conditions"][0].update(categories=[str(i) for i in range(65_537)]),
        "the condition 'digit' has 65,537 categories; allowed are 65,536",
    ),
    (
        lambda m: m["conditions"][0].update(categories=["x" * 65_537]),
        "the condition 'digit' has a category of 65,537 bytes; allowed are 65,536",
    ),
    (lambda m: m["conditions"][0].update(categories=[]), "the condition 'digit' has no categories"),
    (
        lambda m: m["conditions"][0].update(type="COLUMN_TYPE_STRING", kind="CONDITION_KIND_RANGE", categories=[]),
        "the condition 'digit' is a RANGE, but its type string has none",
    ),
]


@pytest.mark.parametrize(("change", "message"), [*TABLE_REFUSALS, *CONDITION_REFUSALS])
def test_refuses_a_table(change: Change, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        _described(every_type.MANIFEST, change)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("change", "message"), IMAGE_REFUSALS)
def test_refuses_an_image(change: Change, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        _described(IMAGE_MANIFEST, change)
    assert str(caught.value).startswith(message)


PARSE_REFUSALS: list[tuple[bytes, str]] = [
    (b"\xff\xfe", "the manifest "),
    (b"", "the manifest is not JSON"),
    (b"[" * 100_000, "the manifest is not JSON"),
    (b"[]", "the manifest has the format version 0; this server knows 1 and 2"),
    (b"{}", "the manifest has the format version 0; this server knows 1 and 2"),
    (b'{"format_version": 3}', "the manifest has the format version 3; this server knows 1 and 2"),
    (b'{"format_version": true}', "the manifest has the format version True; this server knows 1 and 2"),
    (b'{"format_version": [2]}', "the manifest has the format version [2]; this server knows 1 and 2"),
    (b'{"format_version": 2, "metods": []}', "the manifest does not fit its schema: "),
    (b'{"format_version": 2, "methods": [{"method": "METHOD_DREAM"}]}', "the manifest does not fit its schema: "),
    (b'{"format_version": 2, "version": 1e30}', "the manifest does not fit its schema: "),
    (b'{"format_version": 2, "table": {}, "image": {}}', "the manifest does not fit its schema: "),
    (b'{"format_version": 2, "graph": {}}', "the manifest has a graph, which format 2 lists in methods"),
    (b'{"format_version": 1, "methods": [{}]}', "the manifest has methods, which format 1 does not have"),
]


@pytest.mark.parametrize(("text", "message"), PARSE_REFUSALS)
def test_refuses_to_parse(text: bytes, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        manifests.parse(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_parsing_leaves_what_it_is_given() -> None:
    content = deepcopy(every_type.MANIFEST)
    _described(content, _column("id", decimals=None))
    assert content == every_type.MANIFEST
