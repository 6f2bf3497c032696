"""Loading and unloading models with the client and the command, against a real server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.fixtures import repositories
from tests.fixtures.processes import ServerProcess, running_server

import synthserve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLAGS = ("--model-control-mode", "explicit", "--local-admin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("administration")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[ServerProcess]:
    repositories.put(folder / "models", 1, repositories.graph(1))
    with running_server(folder / "models", folder / "log.txt", *FLAGS) as server:
        yield server


@pytest.fixture
def client(server: ServerProcess) -> Iterator[synthserve.Client]:
    with synthserve.Client(server.address, retry=synthserve.RetryPolicy(initial_backoff=0.0, max_backoff=0.0)) as made:
        yield made


def command(server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "synthserve.cli", *arguments, "--server", server.address]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def test_load_reload_and_unload(client: synthserve.Client, folder: Path) -> None:
    assert client.models() == []
    model = client.load_model("m")
    assert (model.name, model.version, model.state) == ("m", 1, "ready")
    repositories.put(folder / "models", 2, repositories.graph(2))
    repositories.put(folder / "models", 3, b"no graph")
    changes = client.reload_models()
    assert changes == synthserve.ModelChanges(("m@2",), (), {"m@3": "the graph is not an ONNX model"})
    with pytest.raises(synthserve.ModelNotReady, match="models/m/versions/3 could not be loaded"):
        client.load_model("m")
    assert (client.model("m").version, client.model("m@3").state) == (2, "failed")
    assert len(list(client.images("m", count=3))) == 3
    for version in (2, 3):
        (folder / "models" / "m" / str(version)).rename(folder / f"gone-{version}")
    assert client.reload_models() == synthserve.ModelChanges((), ("m@2",), {})
    with client.images("m", format="raw") as stream:
        pictures = iter(stream)
        next(pictures)
        with pytest.raises(synthserve.DeadlineExceeded):
            client.unload_model("m", timeout=2)
        assert client.model("m").state == "unloading"
        with pytest.raises(synthserve.ModelNotReady, match="is being unloaded"):
            list(client.images("m", count=1))
    while client.models():
        time.sleep(0.01)
    with pytest.raises(synthserve.ModelNotFound):
        client.unload_model("m")
    with pytest.raises(synthserve.InvalidRequest):
        client.load_model("m@1")


def test_the_async_twin(server: ServerProcess) -> None:
    async def main() -> None:
        async with synthserve.AsyncClient(server.address) as client:
            assert (await client.load_model("m")).state == "ready"
            assert await client.reload_models() == synthserve.ModelChanges((), (), {})
            await client.unload_model("m")
            assert await client.models() == []

    asyncio.run(main())


def test_the_commands(server: ServerProcess, folder: Path) -> None:
    done = command(server, "load", "m")
    assert (done.returncode, done.stdout, done.stderr) == (0, "m@1 is ready\n", "")
    repositories.put(folder / "models", 2, repositories.graph(2))
    bad = repositories.put(folder / "models", 3, b"no graph")
    done = command(server, "reload")
    assert (done.returncode, done.stdout) == (1, "m@2 loaded\n")
    assert done.stderr == "synthserve: m@3 failed: the graph is not an ONNX model\n"
    bad.rename(folder / "bad")
    done = command(server, "unload", "m")
    assert (done.returncode, done.stdout) == (0, "m is unloaded\n")
    done = command(server, "load", "absent")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "synthserve: there is no models/absent; known are: models/m\n"


def test_a_server_without_control_says_so(server_address: str) -> None:
    with (
        synthserve.Client(server_address) as client,
        pytest.raises(synthserve.PermissionDenied, match="needs the role admin"),
    ):
        client.reload_models()
