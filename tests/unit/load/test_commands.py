"""What the commands for load tests and benchmarks take, write, and end with."""

import argparse
import codecs
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures import commands
from tests.load.open_loop import profiles, report
from tests.load.open_loop.errors import LoadError, ProfileError, TargetError
from tests.load.open_loop.target import Target

ROOT = Path(__file__).parents[3]
PROFILE = 'title = "größer"\n[call]\nmethod = "GetModel"\nmodel = "m"\n'


@pytest.mark.parametrize("text", ["0", "-1", str(2**31), str(2**63), "9" * 5000])
def test_counts_are_those_that_a_loop_comes_to_the_end_of(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be 1 to 2147483647"):
        commands.count(text)
    assert commands.count("100_000_000") == 100_000_000


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "-inf", "1e400", "1e10"])
def test_seconds_are_those_that_can_be_waited(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be above 0 and at most"):
        commands.seconds(text)
    assert commands.seconds("0.5") == 0.5


@pytest.mark.parametrize("text", ["nan", "1.5", ""])
def test_what_is_no_count_is_no_value(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        commands.count(text)


def test_profile_is_read_as_editors_write_it(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    for data in (
        codecs.BOM_UTF8 + PROFILE.encode(),
        PROFILE.replace("\n", "\r\n").encode(),
        PROFILE.replace("\n", "\r").encode(),
    ):
        file.write_bytes(data)
        assert profiles.read(file).title == "größer"
    for data, problem in (
        (PROFILE.encode("utf-16"), "is UTF-16 or UTF-32 text, not UTF-8: save it as UTF-8"),
        (PROFILE.encode("latin-1"), "is not UTF-8 text in line 1: save it as UTF-8"),
        (f"{PROFILE}[load]\nseed = {'9' * 5000}\n".encode(), "not TOML"),
        (f"{PROFILE}[load]\ngrowth = nan\n".encode(), r"load\.growth: Input should be a finite number"),
    ):
        file.write_bytes(data)
        with pytest.raises(ProfileError, match=rf"p\.toml:? {problem}"):
            profiles.read(file)


def test_token_file_is_read_as_editors_write_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(codecs.BOM_UTF8 + b"secret\r\n")
    target = Target("127.0.0.1:1", token_file=file)
    assert list(target.metadata()) == [("authorization", "Bearer secret")]
    file.write_bytes("secret".encode("utf-16"))
    with pytest.raises(TargetError, match="token is UTF-16") as refused:
        target.metadata()
    assert "secret" not in str(refused.value)


def test_place_of_a_report_is_checked_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for wrong, problem in (
        (tmp_path, "is a folder: name the file in it"),
        (tmp_path / "x.json", "the report needs another one"),
        (tmp_path / "file" / "x.html", "cannot be written: Not a directory"),
        (Path("/proc/none/x.html"), "cannot be written"),
    ):
        with pytest.raises(LoadError, match=problem):
            report.check_place(wrong)
    report.check_place(tmp_path / "new" / "index.html")
    report.check_place(Path("/dev/null"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_report_keeps_the_mode_of_the_one_before_and_a_pipe_gets_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "render", lambda *_: "<html>")
    setting = report.Setting("", "", "", True, 1, "", 1, {}, "")
    file = tmp_path / "index.html"
    file.write_text("before")
    file.chmod(0o600)
    report.write(file, setting, [], 1.0)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "index.json"]
    report.write(Path("/dev/null"), setting, [], 1.0)
    assert not Path("/dev/null.json").exists()


ENDS = """
import os, subprocess, sys, tempfile, time
from pathlib import Path
from tests.fixtures import commands

def main():
    with tempfile.TemporaryDirectory(dir=sys.argv[1]):
        print("begun", flush=True)
        if sys.argv[2] == "fail":
            raise OSError("mend this")
        while sys.argv[2] == "wait":
            time.sleep(0.01)

commands.run(main)
"""


def command(folder: Path, how: str) -> list[str | Path]:
    return [sys.executable, "-c", ENDS, folder, how]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_command_that_is_ended_takes_its_files_along(how: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path, "wait"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(how, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(how)
        _, said = process.communicate()
    assert (process.returncode, said) == (128 + how, "")
    assert not list(tmp_path.iterdir())


def test_command_that_fails_says_why_in_a_line_and_lost_output_is_a_failure(tmp_path: Path) -> None:
    failed = subprocess.run(command(tmp_path, "fail"), cwd=ROOT, capture_output=True, text=True)
    assert (failed.returncode, failed.stdout, failed.stderr) == (1, "begun\n", "error: mend this\n")
    with Path("/dev/full").open("w") as full:
        lost = subprocess.run(command(tmp_path, "end"), cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert lost.returncode == 1
    assert lost.stderr == "error: standard output cannot be written: No space left on device\n"
