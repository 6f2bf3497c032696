"""A package of format 1 and its twin of format 2: the same bytes from two real servers, in every format."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.fixtures import packages
from tests.fixtures.format_twins import shipped, write_twins
from tests.fixtures.processes import running_server

from synthserve.v1 import generation_pb2, generation_pb2_grpc, model_pb2, model_pb2_grpc

TABLES = {"iris-vae": "species", "tiny-table": "species", "paced": "pace"}
VALUES = {"species": "virginica", "pace": "quick"}
IMAGES = ["mnist-dcgan", "tiny-rgb"]
RANGES = [(0, 1500), (10**15 + 3, 130)]


@pytest.fixture(scope="module")
def channels(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[grpc.Channel, grpc.Channel]]:
    """Connections to a server of each format."""
    root = tmp_path_factory.mktemp("twins")
    paced = packages.write_package(root / "made", "paced", packages.paced_graph(), packages.PACED_MANIFEST)
    folders = {name: repository / name / "1" for name in ("tiny-table", "tiny-rgb")}
    folders |= {name: shipped(name) for name in ("iris-vae", "mnist-dcgan")} | {"paced": paced}
    old, new = write_twins(folders, root)
    with (
        running_server(old, root / "old.txt", "--workers", "1") as first,
        running_server(new, root / "new.txt", "--workers", "1") as second,
        grpc.insecure_channel(first.address) as one,
        grpc.insecure_channel(second.address) as other,
    ):
        yield one, other


def _digest(method: Any, request: Any) -> str:
    """That of all responses of a call, and of its headers but the one that numbers it."""
    call = method(request)
    digest = hashlib.sha256()
    headers = sorted((key, value) for key, value in call.initial_metadata() if key.startswith("synthserve"))
    digest.update(str(headers).encode())
    count = 0
    for response in call:
        count += 1
        digest.update(response.SerializeToString(deterministic=True))
    assert count > 0
    return digest.hexdigest()


@pytest.mark.parametrize("model", TABLES)
@pytest.mark.parametrize("row_format", generation_pb2.RowFormat.values()[1:])
def test_rows_are_the_same_bytes(channels: Any, model: str, row_format: int) -> None:
    column = TABLES[model]
    condition = generation_pb2.Condition(column=column, equals=VALUES[column])
    for conditions in ([], [condition]):
        for offset, count in RANGES:
            request = generation_pb2.GenerateRowsRequest(
                model=f"models/{model}/versions/1",
                seed=7,
                offset=offset,
                count=count,
                format=row_format,  # type: ignore[arg-type]  # a number is one
                conditions=conditions,
            )
            old, new = (
                _digest(generation_pb2_grpc.GenerationServiceStub(channel).GenerateRows, request)
                for channel in channels
            )
            assert old == new


@pytest.mark.parametrize("model", IMAGES)
@pytest.mark.parametrize("image_format", generation_pb2.ImageFormat.values()[1:])
def test_images_are_the_same_bytes(channels: Any, model: str, image_format: int) -> None:
    for offset, _ in RANGES:
        request = generation_pb2.GenerateImagesRequest(
            model=f"models/{model}/versions/1",
            seed=7,
            offset=offset,
            count=40,
            format=image_format,  # type: ignore[arg-type]  # a number is one
        )
        old, new = (
            _digest(generation_pb2_grpc.GenerationServiceStub(channel).GenerateImages, request) for channel in channels
        )
        assert old == new


@pytest.mark.parametrize("model", [*TABLES, *IMAGES])
def test_they_are_described_alike(channels: Any, model: str) -> None:
    request = model_pb2.GetModelRequest(name=f"models/{model}")
    old, new = (model_pb2_grpc.ModelServiceStub(channel).GetModel(request).model for channel in channels)
    assert old.state == model_pb2.MODEL_STATE_READY, old.state_reason
    assert old == new
