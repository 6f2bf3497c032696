"""What tests of every part share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.fixtures import packages
from tests.fixtures.processes import running_server

# The machines that run tests are busy ones.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

# A shell has what it starts in the background ignore these, and so would the programs that tests send them to.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of small real packages; tests must not write to it."""
    return packages.write_repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="session")
def server_address(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server process that serves `repository`; tests must not stop it."""
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with running_server(repository, log, "--workers", "2") as server:
        yield server.address


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the real datasets."""
    folder = os.environ.get("SYNTHSERVE_DATA")
    if folder is None:
        pytest.skip("needs the real datasets: set SYNTHSERVE_DATA to their folder")
    return Path(folder)
