"""The command, against real servers."""

import hashlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.fixtures.certificates import Certificates
from tests.fixtures.processes import running_server
from tests.load.open_loop import calls, driver, ghz, profiles
from tests.load.open_loop.__main__ import main
from tests.load.open_loop.driver import Plan
from tests.load.open_loop.target import Target, check_answer

Refused: TypeAlias = Callable[..., str]
ROOT = Path(__file__).parents[3]

Write: TypeAlias = Callable[[str, str], Path]

TOKEN = "a-token-that-must-not-be-seen"  # noqa: S105 - it opens a server of a test

ROWS = """
title = "100 rows & a <title>"
[call]
method = "GenerateRows"
model = "tiny-table"
count = 100
[load]
step_seconds = 0.4
growth = 4
most_rate = 60
connections = 2
"""
UNARY = """
title = "a unary call"
[call]
method = "GetModel"
model = "tiny-table"
[load]
step_seconds = 0.4
growth = 4
most_rate = 60
arrivals = "constant"
"""


@pytest.fixture
def profile(tmp_path: Path) -> Write:
    """Writes a profile of a name."""

    def write(name: str, text: str) -> Path:
        file = tmp_path / f"{name}.toml"
        file.write_text(text)
        return file

    return write


def load(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Runs the command."""
    command = [sys.executable, "-m", "tests.load.open_loop", "--no-ghz", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command in this process; it must end with one line that says why the test cannot run."""

    def run(*arguments: str | Path) -> str:
        assert main(["--no-ghz", *map(str, arguments)]) == 2
        out, err = capsys.readouterr()
        assert not out
        (line,) = err.splitlines()
        assert line.startswith("load test: ")
        return line

    return run


def test_a_run_leaves_a_report(server_address: str, tmp_path: Path, profile: Write) -> None:
    output = tmp_path / "new" / "index.html"
    given: list[str | Path] = [
        "--profile",
        profile("rows", ROWS),
        "--profile",
        profile("unary", UNARY),
        "--drivers",
        "2",
    ]
    done = load("--target", server_address, *given, "--output", output)
    assert done.returncode == 0, done.stderr
    for name in ("rows", "unary"):
        assert f"\n{name}" in done.stdout
    assert done.stdout.lower().count("knee at ") >= 2

    figures = json.loads(output.with_suffix(".json").read_text())
    assert [result["name"] for result in figures["results"]] == ["rows", "unary"]
    for result in figures["results"]:
        rates = [step["rate"] for step in result["steps"]]
        assert max(rates) <= 60
        for step in result["steps"]:
            assert set(step["outcomes"]) == {"OK"}
            assert step["whole"]["p50"] <= step["whole"]["p99"] <= step["whole"]["most"]
            assert step["late_p99"] >= 0
            assert step["server_cores"] is None
    rows, unary = (result["steps"][0] for result in figures["results"])
    assert rows["first"]["p50"] <= rows["whole"]["p50"]
    assert unary["first"] is None
    assert rows["bytes_per_second"] > 100 * 20 * rows["answered"] / rows["seconds"]

    html = output.read_text()
    assert html.count("<svg") == 3 + 2
    assert "100 rows &amp; a &lt;title&gt;" in html
    assert "Knee at " in html
    assert f"--target {server_address}" in html
    assert "left out (--no-ghz)" in html
    assert "<script" not in html
    assert "http" not in html.replace("http://www.w3.org", ""), "it needs nothing else"


def test_without_a_target_a_server_is_started_and_stopped(repository: Path, tmp_path: Path, profile: Write) -> None:
    output = tmp_path / "index.html"
    # Each call takes so long that its processor time, which Linux counts in hundredths of a second, is never nothing.
    one = profile("rows", ROWS.replace("count = 100", "count = 100_000").replace("growth = 4", "growth = 10"))
    done = load("--model-repository", repository, "--device", "cpu", "--profile", one, "--output", output)
    assert done.returncode == 0, done.stderr
    figures = json.loads(output.with_suffix(".json").read_text())
    assert all(step["server_cores"] > 0 for step in figures["results"][0]["steps"])
    host, _, port = figures["setting"]["target"].rpartition(":")
    with pytest.raises(ConnectionRefusedError), socket.create_connection((host, int(port))):
        pass


def test_over_tls_with_a_token_that_nobody_sees(
    refused: Refused, repository: Path, tmp_path: Path, profile: Write
) -> None:
    certificates = Certificates(tmp_path)
    token, tokens, output = tmp_path / "token", tmp_path / "tokens", tmp_path / "index.html"
    token.write_text(TOKEN + "\n")
    tokens.write_text(f"tester {hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    secured = (*certificates.flags, "--token-file", str(tokens))
    with running_server(repository, tmp_path / "log.txt", *secured) as server:
        where: list[str | Path] = [
            "--target",
            server.address,
            "--tls-ca",
            certificates.ca,
            "--profile",
            profile("rows", ROWS),
        ]
        line = refused(*where)
        assert "token" in line
        done = load(*where, "--token-file", token, "--output", output)
    assert done.returncode == 0, done.stderr
    for text in (done.stdout, done.stderr, output.read_text(), output.with_suffix(".json").read_text()):
        assert TOKEN not in text
    assert f"--token-file {token}" in output.read_text()


def test_a_target_that_does_not_answer(refused: Refused, profile: Write) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
        line = refused("--target", address, "--profile", profile("rows", ROWS))
    assert address in line


def test_another_machine_without_the_flag(refused: Refused, profile: Write) -> None:
    line = refused("--target", "models.example.org:50051", "--profile", profile("rows", ROWS))
    assert "--allow-remote" in line


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('"tiny-table"', '"no-such-model"', "no-such-model"),
        ("count = 100", 'count = 100\nconditions = { species = "oak" }', "species"),
        ("count = 100", "count = 0", "call.count"),
        ('"GenerateRows"', '"GenerateImages"', "refuses the call"),
    ],
)
def test_a_profile_that_the_server_cannot_serve(
    refused: Refused, server_address: str, profile: Write, was: str, becomes: str, said: str
) -> None:
    line = refused("--target", server_address, "--profile", profile("rows", ROWS.replace(was, becomes)))
    assert said in line


def plan(address: str, due: list[float], **changes: object) -> Plan:
    """Calls of a graph that takes some tenths of a second for each run."""
    call = profiles.GenerateRows(method="GenerateRows", model="slow", count=1)
    values: dict[str, object] = {
        "target": Target(address),
        "method": calls.method(call),
        "requests": calls.serialised(call, range(len(due))),
        "due": due,
        "seconds": 0.5,
        "start_at": time.monotonic() + 0.2,
        "timeout": 60.0,
        "connections": 1,
        "max_in_flight": 100,
    }
    return Plan(**{**values, **changes})  # type: ignore[arg-type]  # values of many types


def test_calls_are_begun_however_many_are_under_way(server_address: str) -> None:
    due = [number / 1_000_000 for number in range(6)]
    record = driver.open_loop(plan(server_address, due))
    assert record.most_in_flight == 6, "a closed loop would have waited for answers"
    assert sorted(call.due for call in record.calls) == due
    assert {call.code for call in record.calls} == {"OK"}
    assert all(call.due <= call.begun <= (call.first or 0) <= call.ended for call in record.calls)


def test_calls_beyond_the_bound_are_counted(server_address: str) -> None:
    due = [number / 1000 for number in range(20)]
    record = driver.open_loop(plan(server_address, due, max_in_flight=3, timeout=0.3))
    assert len(record.calls) + len(record.not_begun) == 20
    assert record.most_in_flight == 3
    assert record.not_begun


def test_calls_that_run_out_of_time_are_told(server_address: str) -> None:
    record = driver.open_loop(plan(server_address, [0.0] * 5, timeout=0.05))
    assert {call.code for call in record.calls} == {"DEADLINE_EXCEEDED"}
    assert set(record.details) == {"DEADLINE_EXCEEDED"}


def test_the_second_opinion_is_of_the_same_calls(server_address: str) -> None:
    if not ghz.BINARY.is_file():
        pytest.skip("needs ghz: `make load` builds it")
    call = {"method": "GenerateRows", "model": "tiny-table", "count": 100}
    profile = profiles.Profile.model_validate({"title": "t", "call": call})
    for rate in (20, None):
        found = ghz.run(ghz.BINARY, Target(server_address), profile, 0.5, rate)
        assert set(found.outcomes) == {"OK"}
        assert found.whole is not None
        assert found.cores > 0


def test_the_second_opinion_over_mutual_tls_with_a_token(repository: Path, tmp_path: Path) -> None:
    if not ghz.BINARY.is_file():
        pytest.skip("needs ghz: `make load` builds it")
    certificates, token, tokens = Certificates(tmp_path), tmp_path / "token", tmp_path / "tokens"
    token.write_text(TOKEN + "\n")
    tokens.write_text(f"tester {hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    secured = (*certificates.flags, "--tls-client-ca", str(certificates.ca), "--token-file", str(tokens))
    certificate, key = certificates.client_files("tester")
    profile = profiles.Profile.model_validate({"title": "t", "call": {"method": "GetModel", "model": "tiny-table"}})
    with running_server(repository, tmp_path / "log.txt", *secured) as server:
        target = Target(server.address, True, certificates.ca, certificate, key, token)
        check_answer(target, profile.call)
        found = ghz.run(ghz.BINARY, target, profile, 0.5, 20)
    assert set(found.outcomes) == {"OK"}


def test_models_that_are_not_there(refused: Refused, tmp_path: Path, profile: Write) -> None:
    line = refused("--model-repository", tmp_path / "none", "--profile", profile("rows", ROWS))
    assert "model_repository" in line
