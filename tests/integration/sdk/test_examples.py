"""What docstrings show runs as it stands, against a real server."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.fixtures import packages
from tests.fixtures.processes import running_server

import synthserve

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "localhost:50051"


def examples() -> list[doctest.DocTest]:
    """Every docstring of the package that has an example."""
    names = [
        module.name
        for module in pkgutil.walk_packages(synthserve.__path__, "synthserve.")
        if not module.name.startswith(("synthserve.v1", "synthserve.cli"))
    ]
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in ["synthserve", *names] for test in finder.find(importlib.import_module(name), name)]
    return [test for test in found if test.examples]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with small models under the names that the examples use."""
    root = tmp_path_factory.mktemp("examples")
    packages.write_package(root, "iris-vae", packages.table_graph(), packages.TABLE_MANIFEST)
    packages.write_package(root, "mnist-dcgan", packages.image_graph(28, 28, 1), packages.image_manifest(28, 28, 1))
    with running_server(root, tmp_path_factory.mktemp("log") / "log.txt") as server:
        yield server.address


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_docstrings(example: doctest.DocTest, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for step in example.examples:
        step.source = step.source.replace(ADDRESS, address)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert not result.failed, "".join(said)


def test_every_client_and_stream_has_an_example() -> None:
    documented = {example.name.rpartition(".")[2] for example in examples()}
    assert {"synthserve", "Client", "AsyncClient", "RowStream", "ImageStream", "Image", "RetryPolicy"} <= documented


@pytest.mark.parametrize(
    ("output", "code", "said"),
    [
        (">/dev/full", 1, "example.py: [Errno 28] No space left on device\n"),
        ("> >(exit)", 141, ""),
        (">&-", 0, ""),
    ],
)
def test_the_example_program_says_when_its_output_is_lost(
    address: str, tmp_path: Path, output: str, code: int, said: str
) -> None:
    program = Path(synthserve.__file__).parents[1] / "example.py"
    # The pipe's reader has gone before the program begins.
    line = f'exec 3{output}; wait $!; "$0" "$1" "$2" >&3' if "exit" in output else f'"$0" "$1" "$2" {output}'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable, str(program), address],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, said)
