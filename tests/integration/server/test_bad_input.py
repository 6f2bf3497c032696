# Requests of all kinds.

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from tests.fixtures.conditions import equal
from tests.fixtures.processes import running_server
from tests.fixtures.statuses import detail, violations

from synthserve.v1 import generation_pb2, model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub

LARGEST = 2**63 - 1
MOST = 10


def failed_rows(stub: GenerationServiceStub, **fields: Any) -> Any:
    request = generation_pb2.GenerateRowsRequest(**{"model": "models/tiny-table", "count": 1, **fields})
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.GenerateRows(request))
    return caught.value


def failed_images(stub: GenerationServiceStub, **fields: Any) -> Any:
    request = generation_pb2.GenerateImagesRequest(**{"model": "models/tiny-grey", "count": 1, **fields})
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.GenerateImages(request))
    return caught.value


@pytest.mark.parametrize("fail", [failed_rows, failed_images])
@pytest.mark.parametrize("name", ["models/nothing", "models/tiny-table/versions/9", "models/tiny-grey/versions/9"])
def test_unknown_model_or_version(generation: GenerationServiceStub, fail: Any, name: str) -> None:
    error = fail(generation, model=name)
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert detail(error, error_details_pb2.ResourceInfo).resource_name == name
    info = detail(error, error_details_pb2.ErrorInfo)
    assert info.reason == "MODEL_NOT_FOUND"
    assert dict(info.metadata) == {"model": name}
    assert "known are: models/" in error.details()


BOTH: list[tuple[dict[str, Any], str, str]] = [
    ({"count": -1}, "count", f"from 0 to {LARGEST}, not -1"),
    ({"offset": -1}, "offset", f"from 0 to {LARGEST}, not -1"),
    ({"seed": -1}, "seed", f"from 0 to {LARGEST}, not -1"),
    ({"offset": LARGEST, "count": 1}, "count", "offset + count must stay below 2^63"),
    ({"offset": 1, "count": LARGEST}, "count", "offset + count must stay below 2^63"),
    ({"model": ""}, "model", "must be models/{model} or models/{model}/versions/{version}, not ''"),
    ({"model": "tiny-table"}, "model", "not 'tiny-table'"),
    ({"model": "models/tiny-table/versions/0"}, "model", "must be"),
    ({"model": "models/../etc"}, "model", "must be"),
    ({"model": "models/" + "x" * 50_000}, "model", "…"),
    ({"conditions": equal({"colour": "red"})}, "conditions['colour']", "the model has no such condition; it has: "),
]


@pytest.mark.parametrize("fail", [failed_rows, failed_images])
@pytest.mark.parametrize(("fields", "field", "text"), BOTH, ids=[str(fields)[:40] for fields, *_ in BOTH])
def test_fields_of_both_methods(
    generation: GenerationServiceStub, fail: Any, fields: dict[str, Any], field: str, text: str
) -> None:
    found = violations(fail(generation, **fields))
    assert list(found) == [field]
    assert text in found[field]


@pytest.fixture(scope="module")
def limited(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GenerationServiceStub]:
    """A server that generates no more than MOST samples a call."""
    log = tmp_path_factory.mktemp("limited") / "log.txt"
    with (
        running_server(repository, log, "--max-count", str(MOST)) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        yield GenerationServiceStub(channel)


@pytest.mark.parametrize("fail", [failed_rows, failed_images])
@pytest.mark.parametrize(
    ("count", "text"),
    [
        (MOST + 1, "must be from 0 to 10, not 11"),
        (LARGEST, f"must be from 0 to 10, not {LARGEST}"),
        (None, "must be set on this server, from 0 to 10"),
    ],
)
def test_a_count_over_the_limit_of_the_server(
    limited: GenerationServiceStub, fail: Any, count: int | None, text: str
) -> None:
    assert violations(fail(limited, count=count)) == {"count": text}


def test_a_count_within_the_limit_of_the_server(limited: GenerationServiceStub) -> None:
    request = generation_pb2.GenerateRowsRequest(model="models/tiny-table", count=MOST)
    assert sum(response.row_count for response in limited.GenerateRows(request)) == MOST


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"format": 99}, "format", "99 is not a format; allowed are: ROW_FORMAT_UNSPECIFIED, ROW_FORMAT_COLUMNS"),
        ({"rows_per_message": -5}, "rows_per_message", "not -5"),
        ({"conditions": equal({"species": "orchid"})}, "conditions['species']", "setosa, versicolor, virginica"),
        (
            {"conditions": equal({"colour": "red"})},
            "conditions['colour']",
            "the model has no such condition; it has: species",
        ),
        ({"model": "models/tiny-grey"}, "model", "generates images; use GenerateImages"),
    ],
)
def test_fields_of_rows(generation: GenerationServiceStub, fields: dict[str, Any], field: str, text: str) -> None:
    found = violations(failed_rows(generation, **fields))
    assert list(found) == [field]
    assert text in found[field]


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"format": 99}, "format", "99 is not a format; allowed are: IMAGE_FORMAT_UNSPECIFIED, IMAGE_FORMAT_PNG"),
        ({"images_per_message": -5}, "images_per_message", "not -5"),
        ({"jpeg_quality": 101}, "jpeg_quality", "from 1 to 100"),
        ({"jpeg_quality": -1}, "jpeg_quality", "from 1 to 100"),
        ({"conditions": equal({"digit": "7"})}, "conditions['digit']", "the model has no such condition; it has: none"),
        ({"model": "models/tiny-table"}, "model", "allowed here are: models/tiny-grey, models/tiny-rgb"),
    ],
)
def test_fields_of_images(generation: GenerationServiceStub, fields: dict[str, Any], field: str, text: str) -> None:
    found = violations(failed_images(generation, **fields))
    assert list(found) == [field]
    assert text in found[field]


def test_all_violations_come_at_once(generation: GenerationServiceStub) -> None:
    error = failed_rows(
        generation,
        count=-1,
        offset=-1,
        seed=-1,
        format=9,
        rows_per_message=-1,
        conditions=equal({"a": "b", "species": "c"}),
    )
    assert list(violations(error)) == [
        "count",
        "offset",
        "seed",
        "format",
        "rows_per_message",
        "conditions['a']",
        "conditions['species']",
    ]


def test_a_bad_field_goes_before_a_model_that_is_not_there(generation: GenerationServiceStub) -> None:
    assert list(violations(failed_rows(generation, model="models/nothing", count=-1))) == ["count"]


def test_errors_stay_small_whatever_is_sent(generation: GenerationServiceStub) -> None:
    error = failed_rows(generation, conditions=equal({f"{i}{'é' * 500}": "ü" * 500 for i in range(25)}))
    assert len(violations(error)) == 10


def test_bytes_that_are_no_message(channel: grpc.Channel) -> None:
    call: Any = channel.unary_stream("/synthserve.v1.GenerationService/GenerateRows")
    with pytest.raises(grpc.RpcError) as caught:
        list(call(b"\xff\xff\xff\xff"))
    assert list(violations(caught.value)) == [""]


def test_an_unknown_method(channel: grpc.Channel) -> None:
    call: Any = channel.unary_unary("/synthserve.v1.GenerationService/GenerateMusic")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"")
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("name", ["", "tiny-table", "models/", "models/x/versions/one"])
def test_get_model_with_another_form(models: ModelServiceStub, name: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        models.GetModel(model_pb2.GetModelRequest(name=name))
    assert list(violations(caught.value)) == ["name"]


def test_get_model_that_is_not_there(models: ModelServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        models.GetModel(model_pb2.GetModelRequest(name="models/nothing"))
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert detail(error, error_details_pb2.ResourceInfo).resource_name == "models/nothing"


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"page_size": -1}, "page_size", "must be at least 1, or 0 for 50, not -1"),
        ({"page_token": "?"}, "page_token", "'?' is not a page token of this method"),
        ({"page_token": "YWJj"}, "page_token", "'YWJj' is not a page token of this method"),
    ],
)
def test_list_models_with_bad_pages(models: ModelServiceStub, fields: dict[str, Any], field: str, text: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        models.ListModels(model_pb2.ListModelsRequest(**fields))
    assert violations(caught.value) == {field: text}


def test_a_page_size_over_the_largest_is_lowered(models: ModelServiceStub) -> None:
    assert len(models.ListModels(model_pb2.ListModelsRequest(page_size=2**31 - 1)).models) == 4
