"""The command as a real process."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., subprocess.CompletedProcess[bytes]]

PROGRAM = [sys.executable, "-m", "synthserve.cli"]


@pytest.fixture
def environment(server_address: str) -> dict[str, str]:
    return {**os.environ, "SYNTHSERVE_SERVER": server_address}


@pytest.fixture
def command(environment: dict[str, str], tmp_path: Path) -> Command:
    """Runs the command in an empty folder, its output in pipes."""

    def run(*arguments: object) -> subprocess.CompletedProcess[bytes]:
        words = [str(argument) for argument in arguments]
        return subprocess.run(
            [*PROGRAM, *words], capture_output=True, cwd=tmp_path, env=environment, timeout=60, check=False
        )

    return run


def test_the_same_seed_gives_the_same_bytes_in_one_or_in_parts(command: Command, tmp_path: Path) -> None:
    rows = ("rows", "tiny-table", "--seed", 7)
    for name in ("a.csv", "b.csv"):
        done = command(*rows, "--count", 1000, "-o", name)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    whole = (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "b.csv").read_bytes() == whole
    assert whole.count(b"\n") == 1001
    parts = [
        command(*rows, "--count", 100, "--offset", start, *(["--no-header"] if start else [])).stdout
        for start in range(0, 1000, 100)
    ]
    assert b"".join(parts) == whole


def test_formats_follow_the_option_and_the_suffix(command: Command, tmp_path: Path) -> None:
    rows = ("rows", "tiny-table", "--count", 50, "--seed", 7)
    lines = [json.loads(line) for line in command(*rows, "--format", "jsonl").stdout.splitlines()]
    assert len(lines) == 50
    for name in ("a.jsonl", "a.ndjson", "a.parquet", "a.arrow", "a.arrows"):
        assert command(*rows, "-o", name).returncode == 0
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "a.ndjson").read_bytes()
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == lines
    assert pa.ipc.open_file(tmp_path / "a.arrow").read_all().to_pylist() == lines
    assert pa.ipc.open_stream((tmp_path / "a.arrows").read_bytes()).read_all().to_pylist() == lines
    assert pa.ipc.open_stream(command(*rows, "--format", "arrow").stdout).read_all().to_pylist() == lines
    piped = command(*rows, "--format", "parquet").stdout
    assert pq.read_table(io.BytesIO(piped)).to_pylist() == lines
    command(*rows, "--format", "csv", "-o", "odd.name")
    assert (tmp_path / "odd.name").read_bytes() == command(*rows).stdout


def test_images_fill_a_folder_and_a_grid(command: Command, tmp_path: Path) -> None:
    done = command("images", "tiny-grey", "--count", 10, "--seed", 7, "-o", "new/digits", "--grid", "grid.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    names = sorted(path.name for path in (tmp_path / "new" / "digits").iterdir())
    assert names == [f"tiny-grey-seed7-{index:012d}.png" for index in range(10)]
    with PIL.Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == (8 * 28, 2 * 28)
        grid.load()
        assert grid.info["synthserve"] == "tiny-grey@1?seed=7&offset=0&count=10"
        assert "trainedAlgorithmicMedia" in grid.info["XML:com.adobe.xmp"]
        with PIL.Image.open(tmp_path / "new" / "digits" / names[9]) as image:
            assert grid.crop((28, 28, 56, 56)).tobytes() == image.tobytes()
    before = hashlib.sha256((tmp_path / "grid.png").read_bytes()).digest()
    assert command("images", "tiny-grey", "--count", 10, "--seed", 7, "--grid", "grid.png").returncode == 0
    assert hashlib.sha256((tmp_path / "grid.png").read_bytes()).digest() == before
    done = command("images", "tiny-grey", "--count", 2, "--seed", 7, "--format", "jpeg", "-o", "jpeg")
    assert sorted(path.suffix for path in (tmp_path / "jpeg").iterdir()) == [".jpg", ".jpg"]
    assert command("images", "tiny-rgb", "--count", 2, "--seed", 7, "--grid", "grid.jpg").returncode == 0
    with PIL.Image.open(tmp_path / "grid.jpg") as grid:
        assert grid.info["comment"] == b"synthserve tiny-rgb@1?seed=7&offset=0&count=2"
        assert b"trainedAlgorithmicMedia" in grid.info["xmp"]


def test_models_for_people_and_for_programs(command: Command) -> None:
    table = command("models")
    assert (table.returncode, table.stderr) == (0, b"")
    line = next(line for line in table.stdout.decode().splitlines() if line.startswith("tiny-table@2"))
    for part in ("ready", "table", "length, count, species", "species=setosa|versicolor|virginica", "0.9 (0.95)"):
        assert part in line
    assert any("30 x 20 RGB" in line for line in table.stdout.decode().splitlines())
    models: list[dict[str, Any]] = json.loads(command("models", "--json").stdout)
    described = next(model for model in models if model["name"] == "tiny-table")
    assert (described["version"], described["kind"], described["state"]) == (2, "table", "ready")
    assert described["table"]["columns"][0]["unit"] == "cm"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["rows", "nothing", "--count", "1"], 3, "synthserve: there is no models/nothing"),
        (["rows", "tiny-table@99", "--count", "1"], 3, "synthserve: "),
        (["rows", "tiny-table", "--count", "-1"], 2, "synthserve: count: "),
        (["rows", "tiny-table", "--count", "1", "--where", "species=rose"], 2, "setosa, versicolor, virginica"),
        (["rows", "tiny-grey", "--count", "1"], 2, "synthserve: model: "),
        (["rows", "iris/1", "--count", "1"], 2, "synthserve: model: write NAME"),
        (["rows", "tiny-table", "--count", "1", "--where", "species"], 2, "is not COLUMN=VALUE"),
        (["rows", "tiny-table", "--count", "1", "-o", "a.xyz"], 2, "--format"),
        (["rows", "tiny-table", "--count", "1", "--format", "jsonl", "--no-header"], 2, "only CSV has a header"),
        (["rows", "tiny-table", "-o", "a.csv"], 2, "synthserve: count: must be set"),
        (["rows", "tiny-table", "--count", "1", "-o", "missing/a.csv"], 1, "No such file or directory"),
        (["rows", "tiny-table", "--count", "many"], 2, "--count"),
        (["rows", "slow", "--count", "100000", "--seed", "1", "--timeout", "0.3"], 5, "synthserve: "),
        (["rows", "tiny-table", "--count", "1", "--server", "127.0.0.1:1"], 4, "make serve"),
        (["models", "--server", "nothing.invalid:1"], 4, "cannot find the host"),
        (["images", "tiny-grey", "--count", "1"], 2, "-o DIR"),
        (["images", "tiny-grey", "--count", "1", "--grid", "grid.xyz"], 2, "is no suffix of a picture"),
        (["images", "tiny-table", "--count", "1", "-o", "images"], 2, "synthserve: model: "),
        ([], 2, ""),
    ],
)
def test_exit_codes_mean_something(
    command: Command, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    done = command(*arguments)
    stderr = done.stderr.decode()
    assert done.returncode == code, stderr
    assert said in " ".join(stderr.replace("│", " ").split()) or said in stderr
    assert "Traceback" not in stderr
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_a_drawn_seed_is_told_and_repeats(command: Command) -> None:
    done = command("rows", "tiny-table", "--count", 5)
    start, seed = done.stderr.decode().strip().rsplit(" ", 1)
    assert start == "synthserve: the server drew --seed"
    assert command("rows", "tiny-table", "--count", 5, "--seed", seed).stdout == done.stdout


def test_a_reader_that_goes_away_is_no_drama(environment: dict[str, str]) -> None:
    writer = subprocess.Popen(
        [*PROGRAM, "rows", "tiny-table", "--seed", "7"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    assert writer.stdout.readline().startswith(b"length,")
    writer.stdout.close()
    stderr = writer.stderr.read()
    writer.stderr.close()
    assert (writer.wait(60), stderr) == (141, b"")


def test_an_interrupt_leaves_nothing_behind(environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with subprocess.Popen(
        [*PROGRAM, "rows", "tiny-table", "--seed", "7", "--count", str(10**9), "-o", str(path)],
        stderr=subprocess.PIPE,
        env=environment,
    ) as writer:
        assert writer.stderr is not None
        while not any(part.stat().st_size for part in tmp_path.iterdir()):
            assert writer.poll() is None
            time.sleep(0.05)
        writer.send_signal(signal.SIGINT)
        stderr = writer.stderr.read()
        assert (writer.wait(60), stderr) == (130, b"")
    assert not list(tmp_path.iterdir())


def test_a_terminal_gets_progress_and_a_last_line(environment: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [*PROGRAM, "rows", "tiny-table", "--count", "20000", "--seed", "7", "-o", str(tmp_path / "a.csv")],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**environment, "TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert done.wait(60) == 0
    assert b"rows" in shown
    last = shown.decode().strip().splitlines()[-1]
    assert "20,000 rows in " in last
    assert last.endswith("rows/s), tiny-table@2, seed 7")


@pytest.mark.parametrize("arguments", [["--help"], ["rows", "--help"], ["images", "--help"], ["models", "--help"]])
def test_help_tells_the_exit_codes(command: Command, arguments: list[str]) -> None:
    done = command(*arguments)
    assert done.returncode == 0
    assert "141 the reader of the pipe went away" in " ".join(done.stdout.decode().split())
