"""The command as a real process."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., subprocess.CompletedProcess[bytes]]

PROGRAM = [sys.executable, "-m", "synthserve.cli"]


@pytest.fixture
def environment(server_address: str) -> dict[str, str]:
    return {**os.environ, "SYNTHSERVE_SERVER": server_address}


@pytest.fixture
def command(environment: dict[str, str], tmp_path: Path) -> Command:
    """Runs the command in an empty folder, its output in pipes."""

    def run(*arguments: object) -> subprocess.CompletedProcess[bytes]:
        words = [argument if isinstance(argument, bytes) else str(argument) for argument in arguments]
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
        assert grid.info["synthserve"] == "tiny-grey/1?seed=7&offset=0&count=10"
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
        assert grid.info["comment"] == b"synthserve tiny-rgb/1?seed=7&offset=0&count=2"
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


def test_one_model_for_people_and_for_programs(command: Command) -> None:
    done = command("model", "tiny-table")
    assert (done.returncode, done.stderr) == (0, b"")
    lines = [" ".join(line.split()) for line in done.stdout.decode().splitlines()]
    assert lines[0].startswith("tiny-table@2, ready: ")
    assert "length double cm -" in lines
    assert "species category of 3 - -" in lines
    assert "species setosa|versicolor|virginica" in lines
    (described,) = [m for m in json.loads(command("models", "--json").stdout) if m["name"] == "tiny-table"]
    assert json.loads(command("model", "tiny-table", "--json").stdout) == described
    image = command("model", "tiny-grey")
    assert (image.returncode, image.stderr) == (0, b"")
    assert command("model", "nothing").returncode == 3


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
        (["rows", "tiny-table", "--count", "1", "--where", 'species="rose'], 2, "has no closing quote"),
        (["rows", "tiny-table", "--count", "1", "--where", "species=a..b..c"], 2, "has more than one '..'"),
        (["rows", "tiny-table", "--count", "1", "--where", "a=1", "--where", '"a"=2'], 2, "'a' is given twice"),
        (["rows", "tiny-table", "--count", "1", "-o", "a.xyz"], 2, "--format"),
        (["rows", "tiny-table", "--count", "1", "--format", "jsonl", "--no-header"], 2, "only CSV has a header"),
        (["rows", "tiny-table", "-o", "a.csv"], 2, "synthserve: count: must be set"),
        (["rows", "tiny-table", "--count", "1", "-o", "missing/a.csv"], 1, "synthserve: missing/a.csv: No such file"),
        (["rows", "tiny-table@" + "9" * 5000, "--count", "1"], 2, "synthserve: model: write NAME"),
        (["rows", b"tiny\xff", "--count", "1"], 2, "synthserve: model: must be text"),
        (["rows", "tiny-table", "--count", "1", "--where", b"species=\xff"], 2, "synthserve: conditions['species']: "),
        (["rows", "tiny-table", "--count", "1", "--where", b"\xff=a"], 2, "synthserve: conditions: must be text"),
        (["rows", "tiny-table", "--count", "1", "-o", b"missing\xff/a.csv"], 1, "No such file"),
        (["rows", "tiny-table", "--count", "many"], 2, "--count"),
        (["rows", "slow", "--count", "100000", "--seed", "1", "--timeout", "0.3"], 5, "synthserve: "),
        (["rows", "tiny-table", "--count", "1", "--server", "127.0.0.1:1"], 4, "make serve"),
        (["models", "--server", "nothing.invalid:1"], 4, "cannot find the host"),
        (["models", "--server", ""], 2, "synthserve: target: must be HOST:PORT, not ''"),
        (["models", "--server", "localhost:http"], 2, "synthserve: target: must be HOST:PORT, not 'localhost:http'"),
        (["models", "--server", "localhost:99999"], 2, "synthserve: target: the port must be from 1 to 65535"),
        (["models", "--server", "dns:///localhost:x"], 2, "synthserve: target: "),
        (["models", "--server", "ipv4:127.0.0.1:x"], 2, "synthserve: target: "),
        (["models", "--server", b"\xff"], 2, "synthserve: target: "),
        (["images", "tiny-grey", "--count", "1"], 2, "-o DIR"),
        (
            ["images", "tiny-grey", "--count", "1", "--grid", "grid.psd"],
            2,
            "synthserve: grid: the suffix must be one of",
        ),
        (["images", "tiny-grey", "--count", "0", "--grid", "grid.png"], 2, "synthserve: count: must be at least 1"),
        (["images", "tiny-grey", "--count", str(10**12), "--grid", "grid.png"], 2, "synthserve: count: 1000000000000"),
        # Refused before anything is generated, so that it takes no time.
        (["images", "tiny-grey", "--count", str(10**6), "--grid", "grid.png"], 2, "synthserve: count: 1000000 images"),
        (["images", "tiny-grey", "--count", "100000", "--grid", "no/grid.png"], 1, "synthserve: no/grid.png: No such"),
        (["images", "tiny-table", "--count", "1", "-o", "images"], 2, "synthserve: model: "),
        ([], 2, ""),
    ],
)
def test_exit_codes_mean_something(
    command: Command, tmp_path: Path, arguments: list[str | bytes], code: int, said: str
) -> None:
    done = command(*arguments)
    stderr = done.stderr.decode()
    assert done.returncode == code, stderr
    assert said in " ".join(stderr.replace("│", " ").split()) or said in stderr
    assert "Traceback" not in stderr
    assert ".part" not in stderr
    # What says "synthserve:" is all there is, but for typer's box.
    assert "Usage" in stderr or all(line.startswith("synthserve: ") for line in stderr.splitlines())
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_a_drawn_seed_is_told_on_a_terminal_only(command: Command, environment: dict[str, str], tmp_path: Path) -> None:
    shown = on_a_terminal(["rows", "tiny-table", "--count", "5", "-o", str(tmp_path / "a.csv")], environment)
    (seed,) = re.findall(r"synthserve: the server drew --seed (\d+)", shown)
    assert shown.endswith(f"seed {seed}")
    assert command("rows", "tiny-table", "--count", 5, "--seed", seed).stdout == (tmp_path / "a.csv").read_bytes()

    done = command("rows", "tiny-table", "--count", 5, "-o", "a.parquet")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    seed = pq.read_metadata(tmp_path / "a.parquet").metadata[b"synthserve.seed"].decode()
    again = command("rows", "tiny-table", "--count", 5, "--seed", seed, "--format", "parquet").stdout
    assert pq.read_table(io.BytesIO(again)) == pq.read_table(tmp_path / "a.parquet")


def test_grpc_does_not_log_beside_us(environment: dict[str, str], tmp_path: Path) -> None:
    def refuse_calls() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer = listener.accept()[0]
                with peer:
                    peer.recv(1000)
                    # HTTP/2 SETTINGS, and GOAWAY with ENHANCE_YOUR_CALM, which gRPC logs.
                    peer.sendall(bytes.fromhex("000000040000000000" + "000008070000000000" + "00000000" + "0000000b"))
                    peer.recv(1000)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        threading.Thread(target=refuse_calls, daemon=True).start()
        server = f"127.0.0.1:{listener.getsockname()[1]}"
        done = subprocess.run(
            [*PROGRAM, "models", "--server", server, "--timeout", "2"],
            capture_output=True,
            text=True,
            env={name: value for name, value in environment.items() if name != "GRPC_VERBOSITY"},
            check=False,
        )
        listener.shutdown(socket.SHUT_RDWR)
    assert done.returncode in (4, 5)
    assert all(line.startswith("synthserve: ") for line in done.stderr.splitlines()), done.stderr


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


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9), (signal.SIGQUIT, -3)],
)
def test_a_signal_leaves_nothing_behind(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    with subprocess.Popen(
        [*PROGRAM, "rows", "tiny-table", "--seed", "7", "--count", str(10**9), "-o", str(path)],
        stderr=subprocess.PIPE,
        env=environment,
    ) as writer:
        assert writer.stderr is not None
        wait_until_it_writes(writer, tmp_path)
        writer.send_signal(number)
        stderr = writer.stderr.read()
        assert (writer.wait(60), stderr) == (code, b"")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def wait_until_it_writes(writer: subprocess.Popen[bytes], folder: Path) -> None:
    """Waits until a process has written to a file in a folder, which need not have a name yet."""
    while not any(_size(descriptor, folder) for descriptor in Path(f"/proc/{writer.pid}/fd").iterdir()):
        assert writer.poll() is None
        time.sleep(0.05)


def _size(descriptor: Path, folder: Path) -> int:
    try:
        return descriptor.stat().st_size if str(descriptor.readlink()).startswith(f"{folder}/") else 0
    except OSError:  # it has just been closed
        return 0


def on_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """Runs the command with a terminal as stderr; returns what that shows."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [*PROGRAM, *arguments],
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
    return shown.decode().strip()


def test_a_terminal_gets_progress_and_a_last_line(environment: dict[str, str], tmp_path: Path) -> None:
    shown = on_a_terminal(
        ["rows", "tiny-table", "--count", "20000", "--seed", "7", "-o", str(tmp_path / "a.csv")], environment
    )
    assert "rows" in shown
    last = shown.splitlines()[-1]
    assert "20,000 rows in " in last
    assert last.endswith("rows/s), tiny-table@2, seed 7")


def test_help_tells_how_to_know_a_drawn_seed(command: Command) -> None:
    for name in ("rows", "images"):
        said = " ".join(command(name, "--help").stdout.decode().replace("│", " ").split())
        assert "CSV and JSON lines do not" in said


@pytest.mark.parametrize("arguments", [["--help"], ["rows", "--help"], ["images", "--help"], ["models", "--help"]])
def test_help_tells_the_exit_codes(command: Command, arguments: list[str]) -> None:
    done = command(*arguments)
    assert done.returncode == 0
    assert "141 the reader of the pipe went away" in " ".join(done.stdout.decode().split())
