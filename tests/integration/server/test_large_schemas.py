"""Schemas that do not fit into a message of 4 MiB, the most that clients accept unless told otherwise."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from onnx import TensorProto, helper
from tests.fixtures.packages import Tensors, graph, write_package_2
from tests.fixtures.processes import running_server
from tests.fixtures.statuses import violations

import synthserve_core
from synthserve.v1 import generation_pb2, generation_pb2_grpc, model_pb2, model_pb2_grpc, schema_pb2
from synthserve_core.contract.conditions import AnyOf, Equals, Test
from synthserve_core.contract.model import Table
from synthserve_core.encoding.rows import Format, row_encoder
from synthserve_core.generation import GenerationSpec
from synthserve_core.local import LocalModel

LARGEST_MESSAGE = 4 << 20
LONG, WIDE, MANY = "long", "wide", "many"

CATEGORIES = [
    f"category {code:05} of a very long list, in letters of one byte and more: {'東京' * 4}" for code in range(50_000)
]
"""50,000 values of 97 bytes."""

FORMATS = {
    None: generation_pb2.ROW_FORMAT_COLUMNS,
    Format.ARROW: generation_pb2.ROW_FORMAT_ARROW,
    Format.CSV: generation_pb2.ROW_FORMAT_CSV,
    Format.JSON_LINES: generation_pb2.ROW_FORMAT_JSON_LINES,
}


def _package(root: Path, model: str, columns: Sequence[dict[str, Any]], conditions: Sequence[str] = ()) -> Path:
    """A package whose columns all hold the same noise: a whole number below the number of categories, or 1,000.

    A condition is a SET that all samples share, and allows only its first value where it is set.
    """
    node = helper.make_node
    dtypes = {"COLUMN_TYPE_DOUBLE": "float64", "COLUMN_TYPE_INT64": "int64", "COLUMN_TYPE_CATEGORY": "int32"}
    nodes = [node("Squeeze", ["dice", "axis"], ["u"])]
    constants: dict[str, Any] = {"axis": np.array([1], np.int64)}
    inputs: list[Any] = [("dice", "float32", [1])]
    outputs: list[Any] = []
    for place, column in enumerate(columns):
        dtype = dtypes[column["type"]]
        size = len(column.get("categories", range(1000)))
        constants.setdefault(f"size {size}", np.float32(size))
        nodes += [node("Mul", ["u", f"size {size}"], [f"part {place}"])]
        whole = f"whole {place}"
        to = {"float64": TensorProto.DOUBLE, "int64": TensorProto.INT64, "int32": TensorProto.INT32}[dtype]
        if column["name"] in conditions:
            nodes += [
                node("Floor", [f"part {place}"], [f"floor {place}"]),
                node("Cast", [f"floor {place}"], [f"drawn {place}"], to=TensorProto.INT64),
                node("Cast", [f"set {place}"], [f"allowed {place}"], to=TensorProto.INT32),
                node("ArgMax", [f"allowed {place}"], [f"first {place}"], axis=1, keepdims=0),
                node("Max", [f"drawn {place}", f"first {place}"], [whole]),
                node("Cast", [whole], [f"column {place}"], to=to),
            ]
            inputs.append((f"set {place}", "bool", [size]))
        else:
            nodes += [
                node("Floor", [f"part {place}"], [whole]),
                node("Cast", [whole], [f"column {place}"], to=to),
            ]
        outputs.append((f"column {place}", dtype, []))
    taken: Tensors = inputs
    shared = {name for name, *_ in inputs if name != "dice"}
    onnx_model = graph(nodes, taken, outputs, constants, shared)
    noise = {"name": "dice", "noise": {"distribution": "NOISE_DISTRIBUTION_UNIFORM", "shape": [1]}}
    return write_package_2(
        root,
        model,
        onnx_model,
        {
            "table": {"columns": list(columns)},
            "conditions": [{"column": name, "kind": "CONDITION_KIND_SET"} for name in conditions],
            "methods": [
                {
                    "method": "METHOD_GENERATE",
                    "batch_size": 1024,
                    "inputs": [
                        noise,
                        *(
                            {"name": f"set {place}", "condition": {"column": column["name"], "shared": True}}
                            for place, column in enumerate(columns)
                            if column["name"] in conditions
                        ),
                    ],
                    "outputs": [
                        {"name": f"column {place}", "column": column["name"]} for place, column in enumerate(columns)
                    ],
                }
            ],
        },
    )


LONG_COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "COLUMN_TYPE_INT64"},
    {"name": "place", "type": "COLUMN_TYPE_CATEGORY", "categories": CATEGORIES},
    {"name": "kind", "type": "COLUMN_TYPE_CATEGORY", "categories": ["a", "b"]},
]
WIDE_COLUMNS: list[dict[str, Any]] = [
    {
        "name": f"column {i:04}",
        "type": ("COLUMN_TYPE_DOUBLE", "COLUMN_TYPE_INT64", "COLUMN_TYPE_CATEGORY")[i % 3],
        "description": "What is in this column, in a sentence as people write them.",
        **({"categories": ["no", "yes"]} if i % 3 == 2 else {}),
    }
    for i in range(2000)
]
# The schema and the preamble both fit into a message, but not with as many rows as fit without them.
MANY_COLUMNS: list[dict[str, Any]] = [
    {"name": f"c{i}", "type": "COLUMN_TYPE_CATEGORY", "categories": [f"{code}{'x' * 90}" for code in range(12)]}
    for i in range(700)
]


@cache
def _loaded(folder: Path) -> LocalModel:
    return synthserve_core.load(folder)


@dataclass(frozen=True)
class Served:
    """A server of the models with large schemas, and where it has them from."""

    root: Path
    generation: generation_pb2_grpc.GenerationServiceStub
    models: model_pb2_grpc.ModelServiceStub

    def local(self, model: str) -> LocalModel:
        """The same package in this process."""
        return _loaded(self.root / model / "1")

    def rows(self, model: str, **fields: Any) -> list[generation_pb2.GenerateRowsResponse]:
        request = generation_pb2.GenerateRowsRequest(**{"model": f"models/{model}", "seed": 7, **fields})
        responses = list(self.generation.GenerateRows(request))
        assert max(response.ByteSize() for response in responses) <= LARGEST_MESSAGE
        return responses

    def pages(self, model: str) -> list[model_pb2.GetModelResponse]:
        found = [self.models.GetModel(model_pb2.GetModelRequest(name=f"models/{model}"))]
        while found[-1].next_page_token:
            request = model_pb2.GetModelRequest(name=f"models/{model}", page_token=found[-1].next_page_token)
            found.append(self.models.GetModel(request))
        assert max(page.ByteSize() for page in found) <= LARGEST_MESSAGE
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("models")
    _package(root, LONG, LONG_COLUMNS, ["place"])
    _package(root, WIDE, WIDE_COLUMNS)
    _package(root, MANY, MANY_COLUMNS)
    with (
        running_server(root, tmp_path_factory.mktemp("log") / "log.txt", "--workers", "2") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        yield Served(
            root,
            generation_pb2_grpc.GenerationServiceStub(channel),
            model_pb2_grpc.ModelServiceStub(channel),
        )


def _appended(lists: Sequence[Any], parts: Sequence[schema_pb2.CategoryPart]) -> None:
    for part in parts:
        lists[part.index].categories.extend(part.categories)


def test_a_list_leaves_categories_out_and_tells_how_many_there_are(served: Served) -> None:
    found = served.models.ListModels(model_pb2.ListModelsRequest())
    assert found.ByteSize() <= LARGEST_MESSAGE
    assert [model.name for model in found.models] == ["models/long", "models/many", "models/wide"]
    for model in found.models:
        assert model.state == model_pb2.MODEL_STATE_READY, model.state_reason
        assert not any(column.categories for column in model.table.columns)
    long, many, wide = found.models
    assert [column.category_count for column in long.table.columns] == [0, 50_000, 2]
    assert [(one.category_count, len(one.categories)) for one in long.conditions] == [(50_000, 0)]
    assert {column.category_count for column in many.table.columns} == {12}
    assert len(wide.table.columns) == 2000


def test_a_full_list_has_the_categories_that_fit(served: Served) -> None:
    found = served.models.ListModels(model_pb2.ListModelsRequest(view=model_pb2.MODEL_VIEW_FULL))
    assert found.ByteSize() <= LARGEST_MESSAGE
    long, many, wide = found.models
    assert not any(column.categories for column in long.table.columns)
    assert [column.category_count for column in long.table.columns] == [0, 50_000, 2]
    assert list(many.table.columns[699].categories) == MANY_COLUMNS[699]["categories"]
    assert list(wide.table.columns[2].categories) == ["no", "yes"]


def test_the_pages_of_a_model_are_its_whole_description(served: Served) -> None:
    first, *others = served.pages(LONG)
    assert len(others) > 3
    model = first.model
    assert not any(page.HasField("model") for page in others)
    for page in others:
        _appended(model.table.columns, page.part.columns)
        _appended(model.conditions, page.part.conditions)
        assert page.part.preamble == b""
    assert [list(column.categories) for column in model.table.columns] == [[], CATEGORIES, ["a", "b"]]
    (condition,) = model.conditions
    # A condition that lists none accepts those of its column.
    assert (condition.category_count, len(condition.categories)) == (50_000, 0)


@pytest.mark.parametrize(("name", "columns"), [(WIDE, WIDE_COLUMNS), (MANY, MANY_COLUMNS)])
def test_what_fits_is_on_one_page(served: Served, name: str, columns: list[dict[str, Any]]) -> None:
    (page,) = served.pages(name)
    assert [column.name for column in page.model.table.columns] == [column["name"] for column in columns]
    assert [list(column.categories) for column in page.model.table.columns] == [
        column.get("categories", []) for column in columns
    ]


def test_page_tokens_of_nothing_are_refused(served: Served) -> None:
    token = served.pages(LONG)[0].next_page_token
    content = base64.urlsafe_b64decode(token)
    assert content.endswith(b":0")
    beyond = [content[:-1] + end for end in (b"99", b"-1", b"", b"x", b"0 ", b"9" * 5000, "²".encode())]
    wrong = ["x", "AAAA", token[:-4], *(base64.urlsafe_b64encode(one).decode() for one in beyond)]
    for one in wrong:
        with pytest.raises(grpc.RpcError) as caught:
            served.models.GetModel(model_pb2.GetModelRequest(name="models/long", page_token=one))
        assert list(violations(caught.value)) == ["page_token"]
    with pytest.raises(grpc.RpcError) as caught:
        served.models.GetModel(model_pb2.GetModelRequest(name="models/wide", page_token=token))
    assert list(violations(caught.value)) == ["page_token"]


def _merged(responses: list[generation_pb2.GenerateRowsResponse]) -> tuple[Any, list[Any]]:
    """The info of a stream with all its parts, and the responses with rows."""
    info = responses[0].info
    parts = responses[1 : 1 + info.part_count]
    for response in parts:
        assert response.WhichOneof("rows") is None
        assert not response.HasField("info")
        _appended(info.schema.columns, response.part.columns)
        assert not response.part.conditions
        info.preamble += response.part.preamble
    rest = responses[len(parts) + 1 :] if parts else responses
    assert not any(response.HasField("part") for response in rest)
    return info, rest


@pytest.mark.parametrize(
    ("name", "count", "file_format"),
    [
        *((LONG, count, file_format) for count in (0, 1500) for file_format in FORMATS),
        *((WIDE, 300, file_format) for file_format in FORMATS),
        # As few rows are sent in the first message, which has no room for all of them here.
        *((MANY, 1000, file_format) for file_format in (None, Format.ARROW)),
    ],
)
def test_rows(served: Served, name: str, count: int, file_format: Format | None) -> None:
    local = served.local(name)
    assert isinstance(local.model.output, Table)
    table = local.model.output
    info, responses = _merged(served.rows(name, count=count, offset=5, format=FORMATS[file_format]))
    assert len(responses) > 1 or name != MANY
    assert [list(column.categories) for column in info.schema.columns] == [
        list(column.categories) for column in table.columns
    ]
    assert {column.name: column.category_count for column in info.schema.columns} == {
        column.name: len(column.categories) for column in table.columns
    }
    assert responses[0].first_index == 5
    assert sum(response.row_count for response in responses) == count
    arrays = local.samples(seed=7, start=5, count=count)
    if file_format is None:
        for place, column in enumerate(table.columns):
            found = np.concatenate([_wire(response.columns.columns[place]) for response in responses])
            np.testing.assert_array_equal(found, arrays[column.name])
        return
    data = b"".join(response.data for response in responses)
    if file_format is Format.ARROW:
        read = pa.ipc.open_stream(info.preamble + data).read_all()
        assert read.combine_chunks().equals(local.rows(seed=7, start=5, count=count).combine_chunks())
    else:
        encoder = row_encoder(table, file_format)
        assert info.preamble == encoder.preamble({})
        assert data == encoder.encode(arrays)


def _wire(values: generation_pb2.ColumnValues) -> Any:
    kind = getattr(values, values.WhichOneof("values"))
    return np.array(kind.codes if values.WhichOneof("values") == "categories" else kind.values)


def test_a_large_schema_comes_before_the_first_row(served: Served) -> None:
    responses = served.rows(LONG, count=10, format=generation_pb2.ROW_FORMAT_ARROW)
    count = responses[0].info.part_count
    assert count > 8  # categories twice: in the schema, and in the preamble as dictionaries
    assert [response.row_count for response in responses] == [0] * (count + 1) + [10]
    assert responses[0].info.preamble == b""
    assert sum(len(response.part.preamble) for response in responses) > 4 << 20


def test_a_condition_that_lists_very_many_values(served: Served) -> None:
    some = tuple(CATEGORIES[-9000:])
    any_of = generation_pb2.ValueSet(values=some)
    request = generation_pb2.GenerateRowsRequest(
        model="models/long",
        seed=7,
        count=2000,
        conditions=[generation_pb2.Condition(column="place", any_of=any_of)],
        format=generation_pb2.ROW_FORMAT_ARROW,
    )
    assert request.ByteSize() > 800_000
    call = served.generation.GenerateRows(request)
    headers = dict(call.initial_metadata())
    info, responses = _merged(list(call))
    # Clients accept 8 KiB of headers. The schema of a file has room for all of it.
    assert "synthserve-where" not in headers
    assert headers["synthserve-model"] == "models/long/versions/1"
    tests: dict[str, Test] = {"place": AnyOf(some)}
    local = served.local(LONG)
    read = pa.ipc.open_stream(info.preamble + b"".join(response.data for response in responses)).read_all()
    assert read.schema.metadata == {
        key.encode(): value.encode()
        for key, value in GenerationSpec(local.model, 7, 0, 2000).where(tests).schema_metadata().items()
    }
    assert read.combine_chunks().equals(local.rows(seed=7, count=2000, where=tests).combine_chunks())
    assert set(read.column("place").to_pylist()) <= set(some)


def test_a_value_of_very_many(served: Served) -> None:
    condition = generation_pb2.Condition(column="place", equals=CATEGORIES[49_999])
    _, responses = _merged(
        served.rows(LONG, count=100, conditions=[condition], format=generation_pb2.ROW_FORMAT_JSON_LINES)
    )
    read = pl.read_ndjson(io.BytesIO(b"".join(response.data for response in responses)))
    assert set(read["place"].to_list()) == {CATEGORIES[49_999]}
    local = served.local(LONG)
    codes = local.samples(seed=7, count=100, where={"place": Equals(CATEGORIES[49_999])})["place"]
    assert set(codes.tolist()) == {49_999}


def test_a_value_that_is_none_of_very_many_is_refused_in_few_words(served: Served) -> None:
    condition = generation_pb2.Condition(column="place", equals="Atlantis" * 1000)
    with pytest.raises(grpc.RpcError) as caught:
        served.rows(LONG, count=1, conditions=[condition])
    ((field, description),) = violations(caught.value).items()
    assert field == "conditions['place']"
    assert description.endswith("and 49980 more")
    assert len(description) < 2500


def test_a_request_beyond_the_size_of_the_method_is_refused(served: Served) -> None:
    values = generation_pb2.ValueSet(values=CATEGORIES[:12_000])
    condition = generation_pb2.Condition(column="place", any_of=values)
    with pytest.raises(grpc.RpcError) as caught:
        served.rows(LONG, count=1, conditions=[condition])
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    with pytest.raises(grpc.RpcError) as caught:
        served.models.GetModel(model_pb2.GetModelRequest(name="x" * (65 << 10)))
    assert caught.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT)
