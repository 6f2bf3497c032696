"""Every code block of the documentation is run, or says why not (`tests/fixtures/not_run.py`)."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import psutil
import pytest
from ruamel.yaml import YAML
from tests.fixtures import grpcurl, people
from tests.fixtures.certificates import Certificates
from tests.fixtures.markdown import ROOT, Block, blocks
from tests.fixtures.processes import ServerProcess, running_server
from tests.fixtures.sources import SOURCES, is_part_of_a_source
from tests.load.open_loop import profiles

import synthserve
import synthserve_core
from synthserve_server.security.tokens import TokenFile
from synthserve_server.settings import settings as config
from synthserve_training import recipe

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), ROOT / "clients/python/README.md", *(ROOT / "docs").rglob("*.md"))
    if blocks(path.relative_to(ROOT).as_posix())
)

INTERPRETERS = {"docs/oip.md": ROOT / ".venv-tritonclient" / "bin" / "python"}
"""Where a page's Python is not that of the tests."""

OWN_REPOSITORIES = {"docs/your-data.md": "models"}
"""Pages that make a model and serve it: the repository that a command of the page serves, and later blocks ask."""

SERVES = "synthserve-server: serving on "


@dataclass(frozen=True)
class Stage:
    """What the reader of a page has: a folder, with a checkout's things in it, and servers."""

    folder: Path
    replaced: dict[str, str]
    """Addresses and ids in the text, and what they are here."""
    environment: dict[str, str]
    servers: ExitStack
    """What runs until the page ends."""

    def text(self, block: Block) -> str:
        """What a block says, for these servers."""
        text = block.text
        for old, new in self.replaced.items():
            text = text.replace(old, new)
        return text


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped models, where trainers may write, and the one that the documentation of conditions uses."""
    copied = Path(shutil.copytree(ROOT / "exported", tmp_path_factory.mktemp("models") / "exported"))
    people.write(copied)
    return copied


@pytest.fixture(scope="module")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server as `make serve` starts it, but that models may be loaded and unloaded."""
    flags = ("--model-control-mode", "explicit", "--load-model", "*", "--local-admin")
    with running_server(models, tmp_path_factory.mktemp("log") / "log.txt", *flags) as server:
        yield server


@pytest.fixture
def stage(server: ServerProcess, models: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The stage of a page."""
    certificates = Certificates(tmp_path)
    certificates.client_files("operator")
    (tmp_path / "tokens").write_text(f"somebody {'0' * 64}\n")
    (tmp_path / "exported").symlink_to(models)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "grpcurl").write_text(f'#!/bin/sh\nexec {sys.executable} {grpcurl.__file__} "$@"\n')
    (tools / "grpcurl").chmod(0o755)
    with synthserve.Client(server.address) as client:
        client.load_model("iris-vae")  # the page before may have unloaded it
    replaced = {
        "localhost:50051": server.address,
        "127.0.0.1:50051": server.address,
        "0.0.0.0:50051": "0.0.0.0:0",
        "127.0.0.1:9464": "127.0.0.1:0",
        "127.0.0.1:4317": "127.0.0.1:1",
        "kill -HUP PID": f"kill -HUP {server.process.pid}",
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith("SYNTHSERVE_")}
    environment = {
        **own,
        "PATH": os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "SYNTHSERVE_SERVER": server.address,
        "SYNTHSERVE_LISTEN": "127.0.0.1:0",
    }
    with ExitStack() as others:
        if request.getfixturevalue("page") == "docs/security.md":
            mutual = ("--tls-client-ca", str(certificates.ca), "--admin-certificate", "operator")
            secured = others.enter_context(running_server(models, tmp_path / "log.txt", *certificates.flags, *mutual))
            replaced["models.example.org:50051"] = f"localhost:{secured.address.rpartition(':')[2]}"
        yield Stage(tmp_path, replaced, environment, others)


def run_python(block: Block, stage: Stage) -> None:
    python = INTERPRETERS.get(block.page, Path(sys.executable))
    assert python.exists(), f"{python} is missing: `make {python.parents[1].name}/.done` makes it, as `make test` does"
    script = stage.folder / "block.py"
    script.write_text(stage.text(block))
    done = subprocess.run(
        [python, *(["-I"] if block.page in INTERPRETERS else []), script],
        cwd=stage.folder,
        env=stage.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block.place}\n{done.stdout}{done.stderr}"


def run_shell(block: Block, stage: Stage) -> None:
    """Runs commands as somebody types them. Servers in the foreground are stopped once they serve."""
    with (
        (stage.folder / "stderr").open("w+") as errors,
        subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", stage.text(block)],
            cwd=stage.folder,
            env=stage.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as shell,
    ):
        try:
            assert shell.stdout
            said = []
            for line in shell.stdout:
                said.append(line)
                if line.startswith(SERVES) and "&\n" not in block.text:
                    stop_servers(shell.pid)
            code = shell.wait()
        finally:
            end_session(shell.pid)
        errors.seek(0)
        assert code == 0, f"{block.place}\n{''.join(said)}{errors.read()}"


def serve_own(block: Block, stage: Stage) -> None:
    """Starts the server of a page, which later blocks ask."""
    repository = OWN_REPOSITORIES[block.page]
    assert block.text == f"synthserve-server --model-repository {repository}\n", block.place
    server = stage.servers.enter_context(running_server(stage.folder / repository, stage.folder / "log.txt"))
    stage.replaced["localhost:50051"] = server.address
    stage.environment["SYNTHSERVE_SERVER"] = server.address


def stop_servers(shell: int) -> None:
    """Sends SIGTERM to the servers that a shell runs, or has become."""
    here = psutil.Process(shell)
    for process in [here, *here.children(recursive=True)]:
        if any(Path(word).name == "synthserve-server" for word in process.cmdline()):
            process.send_signal(signal.SIGTERM)


def end_session(shell: int) -> None:
    """Ends what a block has left running."""
    with suppress(ProcessLookupError):
        os.killpg(shell, signal.SIGKILL)


def read_toml(block: Block, stage: Stage) -> None:
    """Has a file read by the program that the page says it is for."""
    file = stage.folder / "settings.toml"
    file.write_text(block.text)
    match block.page:
        case "docs/load.md":
            profiles.read(file)
            return
        case "docs/training.md":
            recipe.parse(recipe.read(str(file)))
            return
    settings = config.load({"config": file, "model_repository": stage.folder})
    assert settings.model_fields_set >= tomllib.loads(block.text).keys()


RUNNERS: dict[str, Callable[[Block, Stage], None]] = {
    "python": run_python,
    "sh": run_shell,
    "toml": read_toml,
    "json": lambda block, _: json.loads(block.text),
    "yaml": lambda block, _: YAML(typ="safe").load(block.text),
    "text": lambda *_: None,
}


@pytest.mark.parametrize("page", PAGES)
def test_page(page: str, stage: Stage) -> None:
    # In their order, in one folder: later blocks use what earlier ones have made.
    for block in blocks(page):
        if block.file:
            (stage.folder / block.file).write_text(stage.text(block))
        elif block.language in SOURCES:
            assert is_part_of_a_source(block), f"{block.place}: is in no file of clients/{SOURCES[block.language][0]}"
        elif block.page in OWN_REPOSITORIES and block.text.startswith("synthserve-server "):
            serve_own(block, stage)
        elif not block.not_run:
            assert block.language in RUNNERS, f"{block.place}: `{block.language}` is no language that this test runs"
            RUNNERS[block.language](block, stage)
    if check := CHECKS.get(page):
        check(stage.folder)


def reporting_may_call(folder: Path) -> None:
    principal = TokenFile(folder / "tokens").find((folder / "reporting.token").read_text())
    assert principal is not None
    assert principal.name == "reporting"
    assert (folder / "issuer.pem").stat().st_mode & 0o077 == 0


def digits_were_saved(folder: Path) -> None:
    assert len(list((folder / "digits").glob("*.png"))) == 64


def people_meet_the_conditions(folder: Path) -> None:
    with (folder / "people.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1000
    assert {row["country"] for row in rows} == {"AT", "DE"}
    assert {int(row["age"]) for row in rows} <= set(range(30, 41))


def parcels_meet_the_conditions(folder: Path) -> None:
    model = synthserve_core.load(folder / "repository/parcels/1")
    light = model.rows(seed=7, count=1000, where={"weight": synthserve_core.Between("1", "2.5")}).to_pydict()
    assert all(1 <= weight <= 2.5 for weight in light["weight"])
    assert set(light["country"]) == {"AT", "DE", None}
    austrian = model.rows(
        seed=7, count=1000, where={"country": synthserve_core.AnyOf(("AT",), missing=True)}
    ).to_pydict()
    assert set(austrian["country"]) == {"AT", None}
    assert min(austrian["weight"]) < 1 < 29 < max(austrian["weight"])


def the_same_rows_in_parts(folder: Path) -> None:
    whole, parts = ((folder / name).read_bytes() for name in ("rows.csv", "parts.csv"))
    assert whole == parts


def customers_meet_the_conditions(folder: Path) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (folder / name).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, delimiter=";"))

    def day(text: str) -> date:
        return datetime.strptime(text, "%d.%m.%Y").date()

    assert len(rows("rows.csv")) == len(rows("some.csv")) == 1000
    assert all(day(row["joined"]) <= day(row["cancelled"]) for row in rows("rows.csv") if row["cancelled"])
    assert {row["country"] for row in rows("some.csv")} == {"AT", "DE"}
    assert {int(row["age"]) for row in rows("some.csv")} <= set(range(30, 41))
    assert min(day(row["joined"]) for row in rows("some.csv")) >= date(2023, 1, 1)


CHECKS: dict[str, Callable[[Path], None]] = {
    "README.md": digits_were_saved,
    "clients/python/README.md": the_same_rows_in_parts,
    "docs/clients.md": people_meet_the_conditions,
    "docs/packages.md": parcels_meet_the_conditions,
    "docs/security.md": reporting_may_call,
    "docs/your-data.md": customers_meet_the_conditions,
}
"""What must be true once a page was followed, beyond that every command went well."""
