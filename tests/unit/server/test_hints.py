from pathlib import Path

import pytest

from synthserve_core.compute.devices import CPU
from synthserve_server.commands.hints import hints
from synthserve_server.models.catalogue import Catalogue
from synthserve_server.models.repository import Repository


@pytest.fixture(scope="module")
def catalogue(repository: Path) -> Catalogue:
    loaded = Repository(repository, CPU)
    loaded.load()
    return loaded.catalogue


def test_hints_name_models_that_are_there(catalogue: Catalogue) -> None:
    assert hints("127.0.0.1", 50051, catalogue, ".venv/bin/synthserve") == [
        ".venv/bin/synthserve models",
        ".venv/bin/synthserve rows slow --count 1000 --seed 7 -o rows.csv",
        ".venv/bin/synthserve images tiny-grey --count 64 --seed 7 -o images --grid grid.png",
        "grpcurl -plaintext 127.0.0.1:50051 list",
    ]


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "127.0.0.1:9"), ("[::]", "127.0.0.1:9"), ("h", "h:9")],  # noqa: S104 - only rendered, not listened on
)
def test_hints_name_an_address_that_is_not_the_default(host: str, address: str) -> None:
    commands = hints(host, 9, Catalogue([]), "synthserve")
    assert commands == [f"synthserve models --server {address}", f"grpcurl -plaintext {address} list"]
