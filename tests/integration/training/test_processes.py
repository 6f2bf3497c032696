"""The command as a process: its standard streams, signals, and what else runs or is set beside it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from synthserve_training import recipe as recipes
from synthserve_training.tables import recipe as table_recipes
from synthserve_training.tables import shipped
from synthserve_training.train.machine import Machine
from synthserve_training.train.run_folder import RunFolder
from synthserve_training.train.training import train

PROGRAM = Path(sys.executable).with_name("synthserve-train")
SUMMARIES = [(name, recipes.parse(recipes.read(name)).card.summary) for name in recipes.names()]
SUMMARIES += [(name, table_recipes.parse(shipped.read(name)).card.summary) for name in shipped.names()]
LISTED = "".join(f"{name:<24} {summary}\n" for name, summary in SUMMARIES)


def shell(line: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a line in which `$T` is the command."""
    variables = os.environ | {"T": str(PROGRAM), "XDG_CACHE_HOME": str(cwd)} | environment
    return subprocess.run(["bash", "-c", line], cwd=cwd, env=variables, capture_output=True, text=True, check=False)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def figures(run: RunFolder) -> list[dict[str, str]]:
    """The log of a run, without what depends on the machine."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in run.losses()]


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ('"$T" list >&-', 1, "error: standard output cannot be written: it is closed\n"),
        ('"$T" list >/dev/full', 1, "error: standard output cannot be written: No space left on device\n"),
        ('"$T" list | true; exit ${PIPESTATUS[0]}', 141, ""),
        ('"$T" --help | true; exit ${PIPESTATUS[0]}', 141, ""),
        ('"$T" run absent 2>/dev/full', 1, ""),
        ('"$T" run absent 2>&-', 1, ""),
        ('"$T" run absent >&- 2>&- <&-', 1, ""),
        ('"$T" nonsense 2>&-', 2, ""),
    ],
)
def test_stream_that_cannot_be_written_is_a_status_and_never_a_stack_trace(
    line: str, status: int, said: str, tmp_path: Path
) -> None:
    done = shell(line, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said)


def test_standard_error_that_is_closed_takes_nothing_from_the_output(tmp_path: Path) -> None:
    done = shell('"$T" list 2>&-', tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, LISTED)


def test_training_is_done_although_nobody_hears_of_it(tmp_path: Path) -> None:
    done = shell('"$T" run iris-vae --epochs 2 --export models >/dev/full 2>&-', tmp_path)
    assert done.returncode == 1
    assert files(tmp_path / "models/iris-vae/1") == {"manifest.json", "generate.onnx"}
    assert files(tmp_path / "runs/iris-vae") == {
        "checkpoint.npz",
        "losses.csv",
        "losses.png",
        "recipe.toml",
        "run.json",
    }


def test_log_has_lines_and_no_bars_and_variables_of_other_programs_do_no_harm(tmp_path: Path) -> None:
    settings = tmp_path / "keras"
    settings.mkdir()
    (settings / "keras.json").write_text('{"floatx": "float16", "image_data_format": "channels_first"}')
    done = shell(
        '"$T" run iris-vae --epochs 2',
        tmp_path,
        FORCE_COLOR="1",
        TTY_COMPATIBLE="1",
        KERAS_BACKEND="",
        KERAS_HOME=str(settings),
        TF_CPP_MIN_LOG_LEVEL="",
        SYNTHSERVE_DATA="",
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION="python",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "trained iris-vae: runs/iris-vae\n"
    assert [line.split()[:2] for line in done.stderr.splitlines()] == [["epoch", "1/2"], ["epoch", "2/2"]]
    assert "\x1b" not in done.stderr
    plain = train(recipes.parse(recipes.read("iris-vae")), RunFolder(tmp_path / "plain"), epochs=2).folder
    assert figures(plain) == figures(RunFolder(tmp_path / "runs/iris-vae"))  # computed in single precision, too


def test_backend_that_is_not_there_is_named_with_those_that_train(tmp_path: Path) -> None:
    done = shell('"$T" run iris-vae', tmp_path, KERAS_BACKEND="tensorflw")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: Keras does not start: ")
    assert last.endswith("KERAS_BACKEND is tensorflw; tensorflow and jax train here: did you mean tensorflow?")
    assert "Traceback" not in done.stderr


@contextmanager
def training(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A training that would take days, once it has its first checkpoint."""
    text = recipes.read("iris-vae").replace("checkpoint_every = 50", "checkpoint_every = 1")
    (folder / "mine.toml").write_text(text)
    with subprocess.Popen(
        [PROGRAM, "run", "mine.toml", "--epochs", "2000000", "--run-dir", "run"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=default_signals,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("epoch 2/"):
                    break
            yield process
        finally:
            process.kill()


def default_signals() -> None:
    """Signals as a shell leaves them; whoever runs these tests may have them ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_training_that_is_ended_leaves_a_checkpoint_and_nothing_half_made(how: signal.Signals, tmp_path: Path) -> None:
    with training(tmp_path) as process:
        assert process.stderr is not None
        process.send_signal(how)
        said = process.stderr.read()
    assert process.returncode == 128 + how
    assert "Traceback" not in said
    run = RunFolder(tmp_path / "run")
    assert not [name for name in files(run.path) if name.endswith(".part")]
    assert len(run.losses()) >= 1
    with np.load(run.checkpoint, allow_pickle=False) as arrays:
        assert int(arrays["epoch"]) >= 1


def test_second_training_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.create(recipes.read("iris-vae"), 0, Machine("tensorflow"), overwrite=False)
    run.checkpoint.write_bytes(b"weights")
    before = files(tmp_path)
    with run.held():  # as this process would, if it trained
        for flag in ("--resume", "--overwrite"):
            second = shell(f'"$T" run iris-vae --run-dir run {flag}', tmp_path)
            assert second.returncode == 1
            assert second.stderr == ("error: another process trains in run: wait for it, or give another --run-dir\n")
    assert files(tmp_path) >= before
