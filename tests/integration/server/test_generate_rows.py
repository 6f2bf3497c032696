# Requests of all kinds.

import csv
import io
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pyarrow as pa
import pytest
from google.rpc import error_details_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fixtures.conditions import equal
from tests.fixtures.packages import GRADES, SPECIES
from tests.fixtures.statuses import detail

from synthserve.v1 import generation_pb2, schema_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub

MODEL = "models/tiny-table"
LARGEST = 2**63 - 1
FORMATS = [
    generation_pb2.ROW_FORMAT_COLUMNS,
    generation_pb2.ROW_FORMAT_ARROW,
    generation_pb2.ROW_FORMAT_CSV,
    generation_pb2.ROW_FORMAT_JSON_LINES,
]
Row = tuple[Any, ...]


def stream(stub: GenerationServiceStub, **fields: Any) -> list[generation_pb2.GenerateRowsResponse]:
    return list(stub.GenerateRows(generation_pb2.GenerateRowsRequest(**{"model": MODEL, "seed": 7, **fields})))


def columns_of(batch: generation_pb2.ColumnBatch, schema: schema_pb2.TableSchema) -> list[list[Any]]:
    columns: list[list[Any]] = []
    for column, values in zip(schema.columns, batch.columns, strict=True):
        kind = getattr(values, values.WhichOneof("values"))
        plain = list(kind.codes if column.type == schema_pb2.COLUMN_TYPE_CATEGORY else kind.values)
        assert len(values.validity) in (0, len(plain))
        known = list(values.validity) or [True] * len(plain)
        if column.categories:
            plain = [column.categories[value] if valid else None for value, valid in zip(plain, known, strict=True)]
        columns.append([value if valid else None for value, valid in zip(plain, known, strict=True)])
    return columns


def rows_of(responses: list[generation_pb2.GenerateRowsResponse]) -> list[Row]:
    """The rows of a stream in whatever format, as Python values."""
    info = responses[0].info
    if responses[0].WhichOneof("rows") == "columns":
        return [row for r in responses for row in zip(*columns_of(r.columns, info.schema), strict=True)]
    data = info.preamble + b"".join(response.data for response in responses)
    if not info.preamble:
        return [tuple(json.loads(line).values()) for line in data.decode().split("\n")[:-1]]
    if data.startswith(b"\xff\xff\xff\xff"):
        return [tuple(row.values()) for row in pa.ipc.open_stream(data).read_all().to_pylist()]
    header, *lines = csv.reader(io.StringIO(data.decode(), newline=""))
    assert header == [column.name for column in info.schema.columns]
    return [parsed(line) for line in lines]


def parsed(line: list[str]) -> Row:
    length, count, species, grade, fresh, score = line
    return (
        float(length),
        int(count) if count else None,
        species,
        # The csv module does not tell an empty text from a missing one; no test needs it to.
        grade,
        fresh == "true",
        float(score) if score else None,
    )


def without_empty(row: Row) -> Row:
    return (*row[:3], row[3] or "", *row[4:])


@pytest.fixture(scope="module")
def reference(server_address: str) -> list[Row]:
    with grpc.insecure_channel(server_address) as channel:
        return rows_of(stream(GenerationServiceStub(channel), count=3000))


def test_the_rows_are_what_the_schema_says(reference: list[Row]) -> None:
    assert len(reference) == 3000
    for length, count, species, grade, fresh, score in reference:
        assert isinstance(length, float)
        assert round(length, 1) == length
        assert count is None or isinstance(count, int)
        assert species in SPECIES
        assert grade is None or grade in GRADES
        assert isinstance(fresh, bool)
        assert score is None or score > 0
    assert any(row[1] is None for row in reference)
    assert any(row[3] is None for row in reference)


@pytest.mark.parametrize("row_format", FORMATS)
def test_every_format_carries_the_same_rows(
    generation: GenerationServiceStub, reference: list[Row], row_format: int
) -> None:
    rows = rows_of(stream(generation, count=3000, format=row_format))
    assert [without_empty(row) for row in rows] == [without_empty(row) for row in reference]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(0, 3000), max_size=4),
    hint=st.sampled_from([0, 1, 7, 100, 2048, 2**31 - 1]),
    row_format=st.sampled_from(FORMATS),
)
def test_any_cut_gives_the_same_rows(
    generation: GenerationServiceStub,
    reference: list[Row],
    cuts: list[int],
    hint: int,
    row_format: int,
) -> None:
    ends = [*sorted(cuts), 3000]
    hint = max(hint, 50) if hint else 0  # One row a message is right, but slow.
    rows: list[Row] = []
    for start, end in itertools.pairwise([0, *ends]):
        responses = stream(generation, offset=start, count=end - start, rows_per_message=hint, format=row_format)
        indices = [response.first_index for response in responses]
        assert indices == [start + sum(r.row_count for r in responses[:i]) for i in range(len(responses))]
        assert all(response.row_count <= hint for response in responses) or not hint
        rows += rows_of(responses)
    assert [without_empty(row) for row in rows] == [without_empty(row) for row in reference]


def test_concurrent_streams_do_not_touch_each_other(generation: GenerationServiceStub, reference: list[Row]) -> None:
    def run(seed: int) -> list[Row]:
        return rows_of(stream(generation, seed=seed, count=3000, rows_per_message=100 + seed))

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(run, [7, 1, 7, 2, 7, 3, 7, 7]))
    assert [rows == reference for rows in results] == [True, False, True, False, True, False, True, True]


def test_csv_bytes_are_the_same_in_one_call_and_in_ten(generation: GenerationServiceStub) -> None:
    form = generation_pb2.ROW_FORMAT_CSV
    whole = b"".join(r.data for r in stream(generation, count=1000, format=form))
    parts = [stream(generation, count=100, offset=100 * i, format=form) for i in range(10)]
    assert b"".join(response.data for part in parts for response in part) == whole


def test_concurrent_streams_give_the_same_csv_bytes(generation: GenerationServiceStub) -> None:
    def run(seed: int, hint: int = 0) -> bytes:
        responses = stream(
            generation, seed=seed, count=3000, rows_per_message=hint, format=generation_pb2.ROW_FORMAT_CSV
        )
        return responses[0].info.preamble + b"".join(response.data for response in responses)

    seeds = [7, 1, 7, 2, 7, 3, 7, 7]
    alone = {seed: run(seed) for seed in set(seeds)}
    assert len(set(alone.values())) == 4
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, seeds, range(100, 900, 100))) == [alone[seed] for seed in seeds]


def test_the_first_response_says_what_holds_for_the_stream(generation: GenerationServiceStub) -> None:
    first, *others = stream(generation, count=20_000)
    assert first.info.model == "models/tiny-table/versions/2"
    assert first.info.seed == 7
    assert first.info.schema.columns[0].name == "length"
    assert first.info.schema.columns[0].unit == "cm"
    assert first.row_count == 64
    assert not any(response.HasField("info") for response in others)
    assert 64 + sum(response.row_count for response in others) == 20_000
    assert all(response.ByteSize() < 3 << 20 for response in others)


def test_metadata_names_the_stream(generation: GenerationServiceStub) -> None:
    call = generation.GenerateRows(
        generation_pb2.GenerateRowsRequest(
            model=MODEL, seed=7, offset=5, count=1, conditions=equal({"species": "setosa"})
        )
    )
    metadata = dict(call.initial_metadata())
    assert {key: value for key, value in metadata.items() if key.startswith("synthserve-")} == {
        "synthserve-synthetic": "true",
        "synthserve-model": "models/tiny-table/versions/2",
        "synthserve-seed": "7",
        "synthserve-offset": "5",
        "synthserve-count": "1",
        "synthserve-where": "species=setosa",
    }
    list(call)


def test_stream_without_a_count_names_none(generation: GenerationServiceStub) -> None:
    call = generation.GenerateRows(generation_pb2.GenerateRowsRequest(model=MODEL, seed=7))
    assert "synthserve-count" not in dict(call.initial_metadata())
    call.cancel()


def test_arrow_names_the_stream(generation: GenerationServiceStub) -> None:
    (response,) = stream(generation, count=1, offset=5, format=generation_pb2.ROW_FORMAT_ARROW)
    assert pa.ipc.open_stream(response.info.preamble).schema.metadata == {
        b"synthserve.synthetic": b"true",
        b"synthserve.model": b"models/tiny-table/versions/2",
        b"synthserve.seed": b"7",
        b"synthserve.offset": b"5",
        b"synthserve.count": b"1",
    }


@pytest.mark.parametrize("row_format", FORMATS)
def test_no_rows_give_one_response(generation: GenerationServiceStub, row_format: int) -> None:
    (response,) = stream(generation, count=0, offset=12, format=row_format)
    assert response.info.model
    assert (response.first_index, response.row_count) == (12, 0)
    assert response.WhichOneof("rows") == ("columns" if row_format == FORMATS[0] else "data")
    assert rows_of([response]) == []


def test_a_seed_that_is_not_set_is_drawn_and_said(generation: GenerationServiceStub) -> None:
    def call(**fields: Any) -> list[generation_pb2.GenerateRowsResponse]:
        return list(generation.GenerateRows(generation_pb2.GenerateRowsRequest(model=MODEL, count=100, **fields)))

    first, second = call(), call()
    seed = first[0].info.seed
    assert seed != second[0].info.seed
    assert rows_of(call(seed=seed)) == rows_of(first)
    assert rows_of(call(seed=0))  # 0 is a seed like any other.
    assert call(seed=0)[0].info.seed == 0


@pytest.mark.parametrize("offset", [10**12, 2**63 - 1 - 1000])
def test_large_offsets(generation: GenerationServiceStub, offset: int) -> None:
    rows = rows_of(stream(generation, offset=offset, count=1000))
    assert rows[990:] == rows_of(stream(generation, offset=offset + 990, count=10))


def test_without_a_count_rows_come_until_the_call_is_cancelled(
    generation: GenerationServiceStub, reference: list[Row]
) -> None:
    call = generation.GenerateRows(generation_pb2.GenerateRowsRequest(model=MODEL, seed=7))
    responses = list(itertools.islice(call, 20))
    call.cancel()
    assert rows_of(responses)[:3000] == reference
    assert len(responses) == 20


@pytest.mark.parametrize("left", [0, 1, 1000])
def test_without_a_count_the_end_of_the_indices_is_an_error(generation: GenerationServiceStub, left: int) -> None:
    call = generation.GenerateRows(generation_pb2.GenerateRowsRequest(model=MODEL, seed=7, offset=LARGEST - left))
    responses: list[generation_pb2.GenerateRowsResponse] = []
    with pytest.raises(grpc.RpcError) as caught:
        responses.extend(call)
    assert sum(response.row_count for response in responses) == left
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.OUT_OF_RANGE
    assert detail(error, error_details_pb2.ErrorInfo).reason == "INDICES_EXHAUSTED"
    assert error.details() == f"a stream cannot go beyond the index {LARGEST - 1}"


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_a_count_that_ends_with_the_indices_is_no_error(generation: GenerationServiceStub, count: int) -> None:
    call = generation.GenerateRows(
        generation_pb2.GenerateRowsRequest(model=MODEL, seed=7, offset=LARGEST - count, count=count)
    )
    assert dict(call.initial_metadata())["synthserve-count"] == str(count)
    assert sum(response.row_count for response in call) == count


def test_conditions_hold(generation: GenerationServiceStub, reference: list[Row]) -> None:
    for name in SPECIES:
        rows = rows_of(stream(generation, count=500, conditions=equal({"species": name})))
        assert {row[2] for row in rows} == {name}
    assert {row[2] for row in reference} == set(SPECIES)


def test_a_version_can_be_named(generation: GenerationServiceStub) -> None:
    (response,) = stream(generation, model="models/tiny-table/versions/1", count=3)
    assert response.info.model == "models/tiny-table/versions/1"
