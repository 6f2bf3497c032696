"""Stubs that talk to a real server over loopback."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import onnxruntime
import pytest
from grpc import aio
from numpy.typing import NDArray
from scripts.server_process import ServerProcess, running_server
from tests.fixtures import packages
from tests.fixtures.certificates import Certificates
from tests.fixtures.oip import Stub

from synthserve.v1 import generation_pb2_grpc, model_pb2_grpc
from synthserve_server.app import Server
from synthserve_server.settings import settings as config


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


@pytest.fixture(scope="module")
def inference(server_address: str) -> Iterator[Any]:
    """The Open Inference Protocol of the shared server."""
    with grpc.insecure_channel(server_address) as channel:
        yield Stub(channel)


@pytest.fixture(scope="module")
def table_graph() -> Callable[[dict[str, NDArray[Any]]], dict[str, NDArray[Any]]]:
    """The graph of the tiny table, run without a server."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(packages.table_graph(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda feeds: dict(zip(names, session.run(names, feeds), strict=True))


@pytest.fixture
def inference_models(tmp_path: Path) -> Path:
    """Models: `pixels`, whose largest answers are 307,200 bytes, and `picky`, which does not take every latent."""
    root = tmp_path / "models"
    packages.write_package(root, "pixels", packages.image_graph(40, 80, 3), packages.image_manifest(40, 80, 3))
    packages.write_package(root, "picky", packages.picky_graph(), packages.SLOW_MANIFEST)
    return root


@pytest.fixture
async def start_inference(inference_models: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts a server of `inference_models` in this process, with settings, and connects to it."""
    begun: list[Any] = []

    async def run(**settings: Any) -> tuple[Server, Stub]:
        server = Server(
            config.load(
                {
                    "model_repository": inference_models,
                    "listen": "127.0.0.1:0",
                    "workers": 2,
                    "device": "cpu",
                    "model_control_mode": "explicit",
                    "load_model": ["*"],
                    **settings,
                }
            )
        )
        begun.append(server)
        port = (await server.start()).port
        # Windows that stay at 64 KiB: an answer of 300 KiB waits until its reader asks for it.
        channel = aio.insecure_channel(f"127.0.0.1:{port}", [("grpc.http2.bdp_probe", 0)])
        begun.append(channel)
        return server, Stub(channel)

    yield run
    for one in reversed(begun):
        await (one.stop(0) if isinstance(one, Server) else one.close())
