"""`make` sets up what it needs: in any folder, whatever the user's variables say, and whatever happened before."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.checkouts import Checkout, wheel

BASE = str(Path(sys.base_prefix) / "bin" / "python3")
SET_UP = [BASE, "-I", "scripts/set_up.py"]

ODD = 'John\'s `own` "$HOME" #1 100% ünï [x]* a;b&c \\'

HOSTILE = {
    "PYTHONHOME": "/nowhere",
    "PYTHONSAFEPATH": "1",
    "PYTHONWARNINGS": "error",
    "VIRTUAL_ENV": "/nowhere/.venv",
    "CDPATH": "/",
    "PIP_USER": "1",
    "PIP_TARGET": "/nowhere",
    "PIP_PREFIX": "/nowhere",
    "PIP_DRY_RUN": "1",
    "PIP_NO_BINARY": ":all:",
    "PIP_CONSTRAINT": "/nowhere",
    "PIP_PYTHON": "/nowhere",
    "UV_SYSTEM_PYTHON": "1",
    "UV_PYTHON": "3.8",
    "UV_REQUIRE_HASHES": "1",
    "UV_NO_BUILD": "1",
    "UV_NO_BINARY": "1",
    "UV_EXCLUDE_NEWER": "2001-01-01",
    "UV_CONSTRAINT": "/nowhere",
    "UV_OVERRIDE": "/nowhere",
    "UV_WORKING_DIR": "/",
    "UV_PYTHON_PREFERENCE": "only-managed",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh one."""
    return Checkout(tmp_path / "checkout", tmp_path / "wheels")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """One that is set up; each test leaves it so."""
    folder = tmp_path_factory.mktemp("ready")
    made = Checkout(folder / "checkout", folder / "wheels")
    assert made.make(".venv/.dev", ".venv-tritonclient/.done").returncode == 0
    return made


def served(checkout: Checkout, *arguments: str, **environment: str) -> dict[str, Any]:
    """What `make serve` ran the server with."""
    done = checkout.make("serve", *arguments, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert Path(result["file"]) == checkout.root / "server" / "synthserve_server.py"
    return result


def installed(checkout: Checkout, file: str) -> Path:
    (found,) = (checkout.root / ".venv/lib").glob("python*/site-packages")
    return found / file


def make_newer(file: Path) -> None:
    later = time.time() + 5
    os.utime(file, (later, later))


@pytest.mark.parametrize("name", [ODD, "d" * 240], ids=["odd", "long"])
def test_any_path_will_do(name: str, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / name / "checkout", tmp_path / "wheels")
    arguments = served(checkout)["arguments"]
    # What the server shows to be typed is for a shell.
    told = subprocess.run(
        ["sh", "-c", f"{arguments[-1]} --told"], cwd="/", capture_output=True, text=True, check=True, env={}
    )
    assert json.loads(told.stdout)["arguments"] == ["--told"]
    assert Path(json.loads(told.stdout)["file"]).is_relative_to(checkout.root)


def test_path_that_python_refuses_is_refused_by_name(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "a:b", tmp_path / "wheels")
    done = checkout.make("serve")
    assert done.returncode == 2
    refused = f"set-up: no virtual environment can be made in a path with ':': rename {checkout.root}"
    assert done.stderr.startswith(refused)
    assert not (checkout.root / ".venv").exists()


@pytest.mark.parametrize("moved", [True, False], ids=["moved", "copied"])
def test_checkout_that_was_moved_or_copied_is_set_up_anew(moved: bool, ready: Checkout, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout", tmp_path / "wheels")
    shutil.copytree(ready.root, checkout.root, symlinks=True, dirs_exist_ok=True)
    if moved:
        hidden = ready.root.rename(tmp_path / "hidden")
    try:
        assert served(checkout)["arguments"][-1] == str(checkout.root / ".venv/bin/synthserve")
    finally:
        if moved:
            hidden.rename(ready.root)


def test_second_run_changes_nothing(ready: Checkout) -> None:
    def state() -> dict[Path, tuple[int, int]]:
        found = (path for name in (".venv", ".venv-tritonclient") for path in (ready.root / name).rglob("*"))
        return {path: (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in found}

    before = state()
    again = ready.make(".venv/.dev", ".venv/.serve", ".venv-tritonclient/.done")
    assert (again.returncode, again.stderr) == (0, "")
    assert state() == before


def test_changed_lock_is_installed(ready: Checkout) -> None:
    lock = ready.root / "requirements" / "serve.txt"
    lock.write_text(lock.read_text() + wheel(ready.wheels, "more", {"more.py": ""}))
    make_newer(lock)
    served(ready)
    assert installed(ready, "more.py").exists()


def test_variables_for_other_environments_do_no_harm(checkout: Checkout, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    for module in ("typing", "locked", "synthserve_server"):
        (evil / f"{module}.py").write_text("raise SystemExit('evil')")
    result = served(checkout, **HOSTILE, PYTHONPATH=str(evil))
    assert not (HOSTILE.keys() | {"PYTHONPATH"}) & result["environment"].keys()
    assert result["environment"]["UV_FIND_LINKS"] == str(tmp_path / "wheels")


def test_empty_variables_are_unset_ones(ready: Checkout) -> None:
    for made in (served(ready, "ADDRESS=", "PYTHON="), served(ready, ADDRESS="", SEED="", MINUTES="", LOAD="")):
        assert made["arguments"][made["arguments"].index("--listen") + 1] == "127.0.0.1:50051"


def test_parallel_make_sets_up_one_thing_after_the_other(ready: Checkout) -> None:
    for lock in (ready.root / "requirements").iterdir():
        make_newer(lock)
    done = ready.make("-j8", ".venv-tritonclient/.done", ".venv/.dev", ".venv/.serve")
    assert done.returncode == 0, done.stderr
    assert "waiting" not in done.stderr


def test_two_at_once_wait_for_each_other(checkout: Checkout) -> None:
    both = [
        subprocess.Popen(
            [*SET_UP, name], cwd=checkout.root, env=checkout.environment(), stderr=subprocess.PIPE, text=True
        )
        for name in ("serve", "dev")
    ]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("-m venv" in text for text in said) == 1
    served(checkout)


def stopped_early(venv: Path) -> None:
    """As `python -m venv` leaves it when it is interrupted."""
    shutil.rmtree(venv / "bin")
    for stamp in (".dev", ".serve", ".uv"):
        (venv / stamp).unlink(missing_ok=True)


def without_python(venv: Path) -> None:
    for name in ("python", "python3"):
        (venv / "bin" / name).unlink()
    (venv / "bin/python").symlink_to("/nowhere/python3")


def of_another_version(venv: Path) -> None:
    (found,) = (venv / "lib").glob("python*")
    found.rename(venv / "lib/python3.7")


@pytest.mark.parametrize("damage", [stopped_early, without_python, of_another_version])
def test_environment_that_does_not_work_is_made_anew(damage: Callable[[Path], None], ready: Checkout) -> None:
    damage(ready.root / ".venv")
    served(ready)


def test_interrupted_installation_is_repaired(ready: Checkout) -> None:
    (ready.root / ".venv/.dev").write_text("unfinished\n")  # as a set-up that was killed leaves it
    installed(ready, "locked.py").unlink()
    assert ready.make(".venv/.dev").returncode == 0
    assert installed(ready, "locked.py").exists()


def test_failure_is_told_in_a_line_and_does_not_count_as_done(ready: Checkout) -> None:
    lock = ready.root / "requirements" / "serve.txt"
    good = lock.read_text()
    lock.write_text("absent==1.0 --hash=sha256:" + "0" * 64 + "\n")
    make_newer(lock)
    for _ in range(2):
        failed = ready.make("serve")
        assert failed.returncode == 2
        assert "\nset-up: exit status 1 of `.venv/bin/uv pip install" in failed.stderr
        assert "Traceback" not in failed.stderr
    lock.write_text(good)
    served(ready)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_set_up_that_is_ended_counts_as_not_done(how: signal.Signals, checkout: Checkout) -> None:
    with subprocess.Popen(
        [*SET_UP, "serve"],
        cwd=checkout.root,
        env=checkout.environment(),
        stderr=subprocess.PIPE,
        text=True,
        # As a shell starts it; whoever runs these tests may have it ignored.
        preexec_fn=lambda: signal.signal(how, signal.SIG_DFL) if how is not signal.SIGKILL else None,
    ) as process:
        assert process.stderr is not None
        assert " -m venv " in process.stderr.readline()
        process.send_signal(how)
        said = process.stderr.read()
    assert process.returncode == (-how if how is signal.SIGKILL else 130)
    assert said == ("" if how is signal.SIGKILL else "set-up: interrupted; the next run continues\n")
    assert not (checkout.root / ".venv/.uv").exists()


def test_wrong_python_is_refused_before_anything_is_made(checkout: Checkout) -> None:
    script = checkout.root / "scripts/set_up.py"
    source = script.read_text()
    assert "OLDEST, NEWEST = (3, 11), (3, 13)" in source
    script.write_text(source.replace("OLDEST, NEWEST = (3, 11), (3, 13)", "OLDEST, NEWEST = (3, 98), (3, 99)"))
    done = checkout.make("serve")
    assert done.returncode == 2
    assert done.stderr.startswith("set-up: synthserve needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 ...\n")
    assert not (checkout.root / ".venv").exists()


@pytest.mark.parametrize("closed", [">&- 2>&-", "2>/dev/full", "2>&1 | true"])
def test_nobody_has_to_hear_of_it(closed: str, ready: Checkout) -> None:
    stamp = ready.root / ".venv/.serve"
    stamp.unlink()
    command = f"'{BASE}' -I scripts/set_up.py serve {closed}"
    subprocess.run(["sh", "-c", command], cwd=ready.root, env=ready.environment(), check=True)
    assert stamp.read_text() == ""
