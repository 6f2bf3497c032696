"""Stubs that talk to a real server over loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from tests.fixtures import packages
from tests.fixtures.certificates import Certificates

from synthserve.v1 import generation_pb2_grpc, model_pb2_grpc
from synthserve_server.process import ServerProcess, running_server


@pytest.fixture
def channel(server_address: str) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server_address) as channel:
        yield channel


@pytest.fixture
def generation(channel: grpc.Channel) -> generation_pb2_grpc.GenerationServiceStub:
    return generation_pb2_grpc.GenerationServiceStub(channel)


@pytest.fixture
def models(channel: grpc.Channel) -> model_pb2_grpc.ModelServiceStub:
    return model_pb2_grpc.ModelServiceStub(channel)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A repository that loads at once."""
    root = tmp_path / "models"
    packages.write_package(root, "tiny-table", packages.table_graph(), packages.TABLE_MANIFEST)
    packages.write_package(root, "tiny-grey", packages.image_graph(28, 28, 1), packages.image_manifest(28, 28, 1))
    return root


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
def serve(small: Path, tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    with ExitStack() as servers:
        yield lambda *flags: servers.enter_context(running_server(small, tmp_path / "log.txt", *flags))
