"""The harness against real servers: with the Python client's runner, and with runners that are wrong."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance import vectors
from tests.conformance.languages import PYTHON
from tests.conformance.play import play
from tests.conformance.servers import Connections, steady_servers

CASES = {case.name: case for case in vectors.read()}
SOME = ["rows", "PNG in grey", "images, server killed", "cancel after the first response", "after the cancels"]
ERRORS = ["conditions that there are not", "over a limit", "a server that shuts down", "no server", "without a token"]

# Says of each case what the harness is not to believe.
WRONG = """
import json, sys
for case in json.load(open(sys.argv[1]))["cases"]:
    print(json.dumps({"case": case["name"], %s}), flush=True)
"""


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connections]:
    with steady_servers(tmp_path_factory.mktemp("servers")) as connections:
        yield connections


def test_the_python_client_conforms(steady: Connections, tmp_path: Path) -> None:
    cases = [CASES[name] for name in SOME + ERRORS]

    verdicts = play(PYTHON.runner, PYTHON.cwd, cases, steady, tmp_path / "play")

    assert [(verdict.case, verdict.differences) for verdict in verdicts] == [(case.name, []) for case in cases]


@pytest.mark.parametrize(
    ("says", "difference"),
    [
        ('"samples": "999"', "samples is 999, not 1000"),
        ('"samples": "1000", "sha256": "00"', "sha256 is 00"),
        ('"error": {"code": "INTERNAL"}', "error is code='INTERNAL'"),
        ('"nonsense": 1', "the runner's answer is not one"),
    ],
)
def test_a_wrong_answer_is_seen(says: str, difference: str, tmp_path: Path) -> None:
    runner = [sys.executable, "-c", WRONG % says]

    (verdict,) = play(runner, tmp_path, [CASES["rows"]], {}, tmp_path / "play")

    assert not verdict.passed
    assert difference in " ".join(verdict.differences)


def test_a_runner_that_does_not_pause_is_seen(tmp_path: Path) -> None:
    case = CASES["rows, server killed"]
    runner = [sys.executable, "-c", WRONG % f'"samples": "1000000", "sha256": "{case.expect.sha256}"']

    (verdict,) = play(runner, tmp_path, [case], {}, tmp_path / "play")

    assert "it did not pause, so the server was not killed" in verdict.differences


def test_a_runner_that_fails_is_seen(tmp_path: Path) -> None:
    verdicts = play(
        [sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path, [CASES["rows"]], {}, tmp_path / "p"
    )

    assert "exit status 1: no such thing" in verdicts[0].differences[0]
