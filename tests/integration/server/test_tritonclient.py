"""Triton's own Python client against a real server, in an environment of its own, as it pins an older protobuf."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures import packages
from tests.fixtures.processes import running_server

import synthserve
from synthserve_core.compute.noise import normal

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-tritonclient" / "bin" / "python"
SESSION = Path(__file__).with_name("tritonclient_session.py")


def run(*arguments: str | Path) -> None:
    assert PYTHON.exists(), f"{PYTHON} is missing: `make {PYTHON.parents[1].name}/.done` makes it, as `make test` does"
    done = subprocess.run([PYTHON, "-I", *arguments], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose models an administrator on this machine may load and unload."""
    root = tmp_path_factory.mktemp("triton")
    packages.write_package(root, "tiny-table", packages.table_graph(), packages.TABLE_MANIFEST)
    packages.write_package(root, "tiny-grey", packages.image_graph(28, 28, 1), packages.image_manifest(28, 28, 1))
    log = tmp_path_factory.mktemp("log") / "log.txt"
    flags = ("--model-control-mode", "explicit", "--load-model", "*", "--local-admin")
    with running_server(root, log, *flags) as server:
        yield server.address


def test_a_session(address: str, tmp_path: Path) -> None:
    with synthserve.Client(address) as client:
        frame = client.rows("tiny-table", count=8, seed=7).to_pandas()
    file = tmp_path / "values.npz"
    np.savez(
        file,
        latent=normal(7, 0, 8, [packages.LATENT]),
        length=frame["length"].to_numpy(),
        fresh=frame["fresh"].to_numpy(),
        species=frame["species"].map(packages.SPECIES.index).astype(np.int32).to_numpy(),
    )
    run(SESSION, address, file)
