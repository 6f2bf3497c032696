"""`inspect` and `fit` where files cannot be written to their end: one line names the file, and no part of it is left.

A limit on the size of files stands for a full disk: the system reports it in the same way, and any user may set it.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("synthserve-train")
ROWS = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a table that is made by rules alone, so that Keras, which takes seconds, is not started."""
    rows = [f"{hashlib.sha256(bytes([number])).hexdigest()},NA" for number in range(ROWS)]
    (tmp_path / "t.csv").write_text("\n".join(["key,nothing", *rows, ""]))
    return tmp_path


def typed(folder: Path, *arguments: str, kibibytes: int | None = None) -> tuple[int, str]:
    """Runs a command whose files may have so many KiB: its exit status and what it says on standard error."""
    limit = "" if kibibytes is None else f"ulimit -f {kibibytes}; "
    done = subprocess.run(
        ["bash", "-c", f'{limit}exec "$T" "$@"', "-", *arguments],
        cwd=folder,
        env=os.environ | {"T": str(PROGRAM)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_recipe_that_does_not_fit_is_named_and_an_earlier_one_stays(folder: Path) -> None:
    (folder / "t.toml").write_text("before")
    assert typed(folder, "inspect", "t.csv", "--recipe", "t.toml", kibibytes=0) == (
        1,
        "error: t.toml: File too large\n",
    )
    assert files(folder) == {"t.csv", "t.toml"}
    assert (folder / "t.toml").read_text() == "before"


def test_recipe_on_a_full_device_is_named(folder: Path) -> None:
    assert typed(folder, "inspect", "t.csv", "--recipe", "/dev/full") == (
        1,
        "error: /dev/full: No space left on device\n",
    )


def test_run_that_does_not_fit_is_named_and_nothing_is_exported(folder: Path) -> None:
    assert typed(folder, "fit", "t.csv", "--no-report", kibibytes=0) == (
        1,
        "error: runs/t/recipe.toml: File too large\n",
    )
    assert files(folder) == {"t.csv"}


def test_package_that_does_not_fit_is_named_and_comes_whole_from_the_same_command(folder: Path) -> None:
    assert typed(folder, "fit", "t.csv", "--no-report", kibibytes=2) == (1, "error: models/t/1: File too large\n")
    assert not [name for name in files(folder) if not name.startswith(("t.csv", "runs/"))]
    assert typed(folder, "fit", "t.csv", "--no-report") == (0, "")
    assert {path.name for path in (folder / "models/t/1").iterdir()} == {"generate.onnx", "manifest.json"}
