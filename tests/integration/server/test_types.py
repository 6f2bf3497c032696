"""Rows of every type through a real server: on the wire, in files, under conditions."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pyarrow as pa
import pytest
from google.rpc import error_details_pb2
from numpy.typing import NDArray
from tests.fixtures import every_type
from tests.fixtures.packages import write_package_2
from tests.fixtures.processes import running_server
from tests.fixtures.statuses import detail

import synthserve_core
from synthserve.v1 import generation_pb2, generation_pb2_grpc, model_pb2, model_pb2_grpc, schema_pb2
from synthserve_core.contract.conditions import AnyOf, Between, Equals, Missing, Test, settings
from synthserve_core.contract.model import Arrays, Column, ColumnType, Table
from synthserve_core.encoding.rows import Format, row_encoder
from synthserve_core.generation import GenerationSpec
from synthserve_core.local import LocalModel

MODEL = f"models/{every_type.NAME}"
VERSION = f"{MODEL}/versions/1"
START, COUNT = 2**40 + 3, 1500

FORMATS = {
    Format.ARROW: generation_pb2.ROW_FORMAT_ARROW,
    Format.CSV: generation_pb2.ROW_FORMAT_CSV,
    Format.JSON_LINES: generation_pb2.ROW_FORMAT_JSON_LINES,
}

CASES: list[dict[str, Test]] = [
    {},
    {"city": AnyOf(("東京", "")), "grade": AnyOf(("B", "D"), missing=True), "level": Equals("low")},
    {"price": Between("1,5", "2.5"), "visits": Missing(), "open": Equals("false"), "ratio": Between(None, "-1")},
    {"born": Between("31.12.1999", "2000-01-02"), "left": Missing(missing=False), "seen": Equals("2024-02-29")},
]


@dataclass(frozen=True)
class Served:
    """A server of the model, and the same package in this process."""

    generation: generation_pb2_grpc.GenerationServiceStub
    models: model_pb2_grpc.ModelServiceStub
    local: LocalModel

    @property
    def table(self) -> Table:
        """What the rows look like."""
        assert isinstance(self.local.model.output, Table)
        return self.local.model.output

    def rows(self, **fields: Any) -> list[generation_pb2.GenerateRowsResponse]:
        request = {"model": MODEL, "seed": 7, "offset": START, "count": COUNT, "rows_per_message": 700, **fields}
        return list(self.generation.GenerateRows(generation_pb2.GenerateRowsRequest(**request)))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("models")
    folder = write_package_2(root, every_type.NAME, every_type.every_type_graph(), every_type.MANIFEST)
    with (
        running_server(root, tmp_path_factory.mktemp("log") / "log.txt", "--workers", "2") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        yield Served(
            generation_pb2_grpc.GenerationServiceStub(channel),
            model_pb2_grpc.ModelServiceStub(channel),
            synthserve_core.load(folder),
        )


def condition(column: str, test: Test) -> generation_pb2.Condition:
    match test:
        case Equals(value):
            return generation_pb2.Condition(column=column, equals=value)
        case AnyOf(values, missing):
            any_of = generation_pb2.ValueSet(values=values, missing=missing)
            return generation_pb2.Condition(column=column, any_of=any_of)
        case Between(low, high):
            between = generation_pb2.ValueRange(low=low, high=high)
            return generation_pb2.Condition(column=column, between=between)
        case Missing(missing):
            return generation_pb2.Condition(column=column, missing=missing)


def _conditions(tests: dict[str, Test]) -> list[generation_pb2.Condition]:
    return [condition(column, test) for column, test in tests.items()]


def _on_the_wire(column: Column, values: generation_pb2.ColumnValues) -> Any:
    """The member of the message that goes with the column's type, as an array or as bytes each."""
    member, field = {
        ColumnType.DOUBLE: ("doubles", "values"),
        ColumnType.INT64: ("int64s", "values"),
        ColumnType.CATEGORY: ("categories", "codes"),
        ColumnType.BOOL: ("bools", "values"),
        ColumnType.STRING: ("strings", "offsets"),
        ColumnType.DATE: ("dates", "days"),
        ColumnType.TIMESTAMP: ("timestamps", "microseconds"),
    }[column.type]
    assert values.WhichOneof("values") == member
    found = getattr(getattr(values, member), field)
    if column.type is not ColumnType.STRING:
        return np.array(found)
    assert found[0] == 0
    data = values.strings.data
    assert found[-1] == len(data)
    return [data[start:stop] for start, stop in itertools.pairwise(found)]


@pytest.mark.parametrize("tests", CASES)
def test_columns_on_the_wire_are_the_arrays(served: Served, tests: dict[str, Test]) -> None:
    given = settings(served.local.model.conditions, tests)
    responses = served.rows(conditions=_conditions(tests))
    assert len(responses) > 2
    assert sum(response.row_count for response in responses) == COUNT
    at = START
    for response in responses:
        assert response.first_index == at
        at += response.row_count
        expected = every_type.expected(7, response.first_index, response.row_count, given)
        for column, values in zip(served.table.columns, response.columns.columns, strict=True):
            _equal(column, values, expected)


def _equal(column: Column, values: generation_pb2.ColumnValues, expected: Arrays) -> None:
    found = _on_the_wire(column, values)
    valid: NDArray[np.bool_] = np.ones(len(found), np.bool_)
    if column.nullable:
        valid = expected[column.validity]
    # All there is told by no validity at all.
    assert list(values.validity) == ([] if valid.all() else valid.tolist())
    if column.type is ColumnType.STRING:
        texts = [row.tobytes().split(b"\0")[0] for row in expected[column.name]]
        assert found == [text if there else b"" for text, there in zip(texts, valid, strict=True)]
    else:
        np.testing.assert_array_equal(found[valid], expected[column.name][valid])


@pytest.mark.parametrize("tests", CASES)
@pytest.mark.parametrize("file_format", [Format.CSV, Format.JSON_LINES])
def test_text_files_are_those_of_the_core(served: Served, tests: dict[str, Test], file_format: Format) -> None:
    responses = served.rows(conditions=_conditions(tests), format=FORMATS[file_format])
    encoder = row_encoder(served.table, file_format)
    arrays = served.local.samples(seed=7, start=START, count=COUNT, where=tests)
    assert responses[0].info.preamble == encoder.preamble({})
    assert b"".join(response.data for response in responses) == encoder.encode(arrays)


@pytest.mark.parametrize("tests", CASES)
def test_arrow_is_the_table_of_the_core(served: Served, tests: dict[str, Test]) -> None:
    responses = served.rows(conditions=_conditions(tests), format=generation_pb2.ROW_FORMAT_ARROW)
    found = pa.ipc.open_stream(
        responses[0].info.preamble + b"".join(response.data for response in responses)
    ).read_all()
    found.validate(full=True)
    expected = served.local.rows(seed=7, start=START, count=COUNT, where=tests)
    assert found.schema.equals(expected.schema, check_metadata=True)
    spec = GenerationSpec(served.local.model, 7, START, COUNT).where(tests)
    assert found.schema.metadata == {k.encode(): v.encode() for k, v in spec.schema_metadata().items()}
    for name in found.column_names:
        assert found.column(name).combine_chunks().equals(expected.column(name).combine_chunks())


def test_what_is_described(served: Served) -> None:
    model = served.models.GetModel(model_pb2.GetModelRequest(name=MODEL)).model
    assert list(model.methods) == [schema_pb2.METHOD_GENERATE]
    assert model.table.csv_delimiter == ";"
    columns = {column.name: column for column in model.table.columns}
    assert list(columns) == [column["name"] for column in every_type.COLUMNS]
    assert (columns["city"].category_count, list(columns["city"].categories)) == (5, list(every_type.CITIES))
    assert columns["price"].csv.decimals == 2
    assert columns["born"].csv.pattern == "%d.%m.%Y"
    assert (columns["note"].max_bytes, columns["seen"].utc) == (every_type.NOTE_BYTES, True)
    conditions = {condition.column: condition for condition in model.conditions}
    kinds = {name: schema_pb2.ConditionKind.Name(one.kind) for name, one in conditions.items()}
    assert kinds == {one["column"]: one.get("kind", "CONDITION_KIND_CODE") for one in every_type.CONDITIONS}
    types = {name: one.type for name, one in conditions.items()}
    assert types == {name: columns[name].type for name in conditions}
    assert (conditions["grade"].nullable, conditions["grade"].category_count) == (True, 4)
    assert (conditions["ratio"].low, conditions["ratio"].high, conditions["ratio"].unit) == ("-1000", "1e3", "m")
    info = served.rows(count=0)[0].info
    assert info.schema == model.table
    assert (info.model, info.part_count) == (VERSION, 0)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("level", {"any_of": {"values": ["low", "mid"]}}, "takes one value"),
    ("level", {"missing": True}, "takes one value"),
    (
        "city",
        {"equals": "Oslo"},
        '\'Oslo\' is not allowed; allowed are: Zürich, 東京, "a;b,c", "say ""hi""", ""',
    ),
    ("city", {"any_of": {}}, "must name at least one value"),
    ("city", {"missing": True}, "never has a missing value"),
    ("city", {"any_of": {"values": ["東京"], "missing": True}}, "never has a missing value"),
    ("grade", {"between": {"low": "A", "high": "B"}}, "takes values, not a range"),
    ("open", {"equals": "ja"}, "'ja' is not allowed; allowed are: false, true"),
    ("ratio", {"equals": "x"}, "'x' must be a number such as 12 or 12.5"),
    ("ratio", {"between": {}}, "must have a lowest or a highest value"),
    ("ratio", {"between": {"low": "2", "high": "1"}}, "is an empty range: its lowest value is above its highest"),
    ("ratio", {"equals": "1001"}, "has no value in the range that the model has learnt"),
    ("ratio", {"missing": True}, "never has a missing value"),
    ("visits", {"any_of": {"values": ["1", "2"]}}, "takes one value or one range"),
    ("born", {"equals": "30.02.2000"}, "'30.02.2000' must be a date such as 29.02.2024 or 2024-02-29"),
    ("born", {"equals": "2000-02-30"}, "'2000-02-30' is no day of the calendar"),
    ("born", {"equals": "1899-12-31"}, "has no value in the range that the model has learnt"),
    ("seen", {"equals": "noon"}, "'noon' must be a date or a timestamp such as 2024-02-29T12:30:00Z"),
    ("note", {"equals": ""}, "the model has no such condition; it has: level, city, grade, open, ratio, price, visits"),
    (
        "nothing",
        {"equals": ""},
        "the model has no such condition; it has: level, city, grade, open, ratio, price, visits",
    ),
    ("", {"equals": ""}, "the model has no such condition; it has: level, city, grade, open, ratio, price, visits"),
    ("level", {}, "must have one of equals, any_of, between and missing"),
]


def _violations(served: Served, conditions: list[generation_pb2.Condition]) -> list[tuple[str, str]]:
    with pytest.raises(grpc.RpcError) as caught:
        served.rows(conditions=conditions)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    found = detail(caught.value, error_details_pb2.BadRequest).field_violations
    return [(violation.field, violation.description) for violation in found]


@pytest.mark.parametrize(("column", "test", "message"), REFUSED)
def test_a_condition_that_cannot_hold_names_its_column(
    served: Served, column: str, test: dict[str, Any], message: str
) -> None:
    ((field, description),) = _violations(served, [generation_pb2.Condition(column=column, **test)])
    assert field == f"conditions[{column!r}]"
    assert description.startswith(message)


def test_all_that_is_wrong_is_told_at_once(served: Served) -> None:
    wrong = [generation_pb2.Condition(column=column, **test) for column, test, _ in REFUSED[1:6:2]]
    twice = [generation_pb2.Condition(column="open", equals="true")] * 2
    found = _violations(served, [*wrong, *twice])
    assert [field for field, _ in found] == [
        "conditions['level']",
        "conditions['city']",
        "conditions['city']",
        "conditions['open']",
    ]
    assert found[-1][1] == "is given twice; put all its values into one condition"


def test_very_many_wrong_conditions_are_refused_without_looking_at_all(served: Served) -> None:
    found = _violations(served, [generation_pb2.Condition(column=f"c{i}") for i in range(50_000)])
    assert [field for field, _ in found] == [f"conditions['c{i}']" for i in range(10)]


def test_a_stream_under_conditions_is_resumed_where_it_broke(served: Served) -> None:
    conditions = _conditions(CASES[1])
    whole = served.rows(conditions=conditions, count=300, format=generation_pb2.ROW_FORMAT_CSV)
    rest = served.rows(
        conditions=conditions, offset=START + 123, count=177, format=generation_pb2.ROW_FORMAT_CSV, rows_per_message=50
    )
    lines = b"".join(response.data for response in whole).splitlines(keepends=True)
    # A text with a line end makes two lines of a row: compare the ends.
    tail = b"".join(response.data for response in rest)
    assert b"".join(lines).endswith(tail)
    assert tail.count(b"\n") < len(lines)


def test_headers_tell_the_conditions(served: Served) -> None:
    call = served.generation.GenerateRows(
        generation_pb2.GenerateRowsRequest(model=MODEL, seed=7, count=1, conditions=_conditions(CASES[2]))
    )
    headers = dict(call.initial_metadata())
    assert headers["synthserve-where"] == "open=false&price=%221%2C5%22..2.5&ratio=..-1&visits="
    list(call)


def test_the_file_of_a_repository_in_format_2_is_a_folder_of_a_package(served: Served, tmp_path: Path) -> None:
    folder = write_package_2(tmp_path, every_type.NAME, every_type.every_type_graph(), every_type.MANIFEST)
    again = synthserve_core.load(folder)
    assert again.rows(seed=1, count=10).equals(served.local.rows(seed=1, count=10))
