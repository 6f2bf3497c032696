"""Where the command's output goes: descriptors, pipes, streams that are closed or full, readers that have gone."""

from __future__ import annotations

import gzip
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Shell = Callable[..., subprocess.CompletedProcess[str]]

SYNTHSERVE = f"{shlex.quote(sys.executable)} -m synthserve.cli"
ROWS = f"{SYNTHSERVE} rows tiny-table --count 40 --seed 7"


@pytest.fixture
def shell(server_address: str, tmp_path: Path) -> Shell:
    """Runs a line of bash in an empty folder."""

    def run(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "SYNTHSERVE_SERVER": server_address, **variables}
        return subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.fixture
def expected(shell: Shell) -> str:
    done = shell(ROWS)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 41)
    return done.stdout


def test_output_is_added_to_a_file_that_the_shell_has_opened(shell: Shell, expected: str, tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("kept\n")
    done = shell(f"{ROWS} --format csv -o /dev/stdout >> all.csv; {ROWS} --format csv -o - >> all.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "all.csv").read_text() == "kept\n" + 2 * expected


def test_pipes_get_output_by_every_name(shell: Shell, expected: str, tmp_path: Path) -> None:
    assert shell(f"{ROWS} --format csv -o /dev/stdout | cat").stdout == expected
    assert shell(f"{ROWS} --format csv -o /dev/fd/3 3>&1 | cat").stdout == expected
    done = shell(f"{ROWS} --format csv -o >(gzip > rows.gz); wait $!")
    assert (done.returncode, done.stderr) == (0, "")
    assert gzip.decompress((tmp_path / "rows.gz").read_bytes()).decode() == expected
    endless = shell(f"{SYNTHSERVE} rows tiny-table --seed 7 --format csv -o /dev/stdout | head -41")
    assert (endless.stdout, endless.stderr) == (expected, "")


@pytest.mark.parametrize(
    ("redirection", "code", "stderr"),
    [
        (">&-", 1, "synthserve: standard output: Bad file descriptor\n"),
        (">/dev/full", 1, "synthserve: standard output: No space left on device\n"),
        (">&- 2>&-", 1, ""),
        (">/dev/full 2>/dev/full", 1, ""),
    ],
)
@pytest.mark.parametrize("command", [ROWS, f"{SYNTHSERVE} models", f"{SYNTHSERVE} --help", f"{SYNTHSERVE} --version"])
def test_output_that_is_lost_is_a_failure(shell: Shell, command: str, redirection: str, code: int, stderr: str) -> None:
    done = shell(f"{command} {redirection}")
    assert (done.returncode, done.stderr) == (code, stderr)


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
def test_a_file_does_not_need_the_standard_streams(
    shell: Shell, expected: str, tmp_path: Path, redirection: str
) -> None:
    done = shell(f"{ROWS} -o rows.csv {redirection}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "rows.csv").read_text() == expected


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full"])
def test_an_error_that_cannot_be_told_still_has_its_code(shell: Shell, closed: str) -> None:
    assert shell(f"{SYNTHSERVE} rows nothing --count 1 {closed}").returncode == 3


@pytest.mark.parametrize(
    "command",
    [f"{SYNTHSERVE} models", f"{SYNTHSERVE} models --json", f"{SYNTHSERVE} --help", f"{SYNTHSERVE} --version", ROWS],
)
def test_a_reader_that_has_gone_has_its_code(shell: Shell, command: str) -> None:
    # The pipe has no reader from the start.
    done = shell(f"exec 3> >(exit); wait $!; {command} >&3; echo $?")
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.parametrize("file_format", ["parquet", "arrow", "jsonl"])
def test_every_format_ends_in_order_when_its_reader_has_gone(shell: Shell, file_format: str) -> None:
    done = shell(f"exec 3> >(exit); wait $!; {ROWS} --format {file_format} -o /dev/fd/3; echo $?")
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR_FORCE"])
def test_no_variable_makes_a_terminal_of_a_file(shell: Shell, expected: str, variable: str) -> None:
    done = shell(ROWS, **{variable: "1"})
    assert (done.stdout, done.stderr) == (expected, "")
    assert "\x1b" not in shell(f"{SYNTHSERVE} models", **{variable: "1"}).stdout


def test_a_signal_that_is_ignored_stays_so(shell: Shell, expected: str, tmp_path: Path) -> None:
    done = shell(f"trap '' HUP; {ROWS} -o rows.csv & kill -HUP $!; wait $!; echo $?")
    assert (done.stdout, done.stderr) == ("0\n", "")
    assert (tmp_path / "rows.csv").read_text() == expected


def test_times_without_end_are_no_limit(shell: Shell, expected: str) -> None:
    for value in ("inf", "1e10", str(sys.maxsize), "1e308"):
        done = shell(f"{ROWS} --timeout {value}")
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
    done = shell(f"{ROWS} --timeout nan")
    assert (done.returncode, done.stderr) == (2, "synthserve: timeout: must be a number of seconds, not NaN\n")


def test_empty_variables_are_unset_ones(shell: Shell, expected: str) -> None:
    names = ("CLIENT_TLS", "TLS_CA", "TOKEN_FILE", "CLIENT_TOKEN_FILE", "TLS_CLIENT_CERTIFICATE", "TLS_CLIENT_KEY")
    assert shell(ROWS, **{f"SYNTHSERVE_{name}": "" for name in names}).stdout == expected
    done = shell(f"{SYNTHSERVE} models --timeout 20", SYNTHSERVE_SERVER="")
    assert done.returncode in (0, 4)  # the server of the default address, where somebody may have one
    assert "Traceback" not in done.stderr


def test_a_token_comes_from_its_own_variable_and_not_from_the_servers_list(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes("\ufeffabc\r\n".encode())
    (tmp_path / "digests").write_text(f"reporting {'2b' * 32}\n")
    both = {"SYNTHSERVE_CLIENT_TOKEN_FILE": "token", "SYNTHSERVE_TOKEN_FILE": "digests"}
    assert shell(ROWS, **both).returncode == 0
    del both["SYNTHSERVE_CLIENT_TOKEN_FILE"]
    refused = shell(ROWS, **both)
    assert refused.returncode == 2
    assert refused.stderr.startswith("synthserve: token: digests is a server's list of digests, not a token; name the")
    assert shell(f"{ROWS} --token-file <(cat token)").returncode == 0
