"""Mistakes of whoever types a command: one line, before anything that takes long, and nothing is lost."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthserve_training import cli
from synthserve_training import recipe as recipes
from synthserve_training.train import startup
from synthserve_training.train.machine import Machine
from synthserve_training.train.run_folder import RunFolder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a file, a recipe in Latin-1, a run that stopped early, and one that did not."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "latin.toml").write_text("# für Iris\n" + recipes.read("iris-vae"), encoding="latin-1")
    for name in ("stopped", "whole"):
        RunFolder(tmp_path / name).create(recipes.read("iris-vae"), 3, Machine("tensorflow"), overwrite=False)
    RunFolder(tmp_path / "whole").checkpoint.write_bytes(b"weights")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(arguments: str, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    """The exit status of a command that must not come as far as Keras."""
    monkeypatch.setattr(sys, "argv", ["synthserve-train", *arguments.split()])
    monkeypatch.setattr(startup, "start_keras", lambda *_: pytest.fail("Keras is started"))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.fixture
def unchanged(folder: Path) -> Iterator[None]:
    """The same folder, which must be in the end as it was."""
    before = contents(folder)
    yield
    assert contents(folder) == before


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("run iris-vae --run-dir file", "file is a file: a run needs a folder there"),
        ("run iris-vae --run-dir file/x", "file/x: Not a directory"),
        ("run iris-vae --run-dir /proc/none/x", "/proc/none/x: "),
        ("run iris-vae --export file", "file/iris-vae: Not a directory"),
        ("run iris-vae --resume --run-dir whole --export file", "file/iris-vae: Not a directory"),
        ("export iris-vae --run-dir whole --output file", "file/iris-vae: Not a directory"),
        ("export iris-vae --run-dir whole --output /proc/none", "/proc/none/iris-vae: "),
        ("run latin.toml", "latin.toml is not UTF-8 text in line 1: save it as UTF-8"),
        (
            "run iris-vae --run-dir whole",
            "whole holds a training run: go on with --resume, or start anew with --overwrite",
        ),
        (
            "run iris-vae --run-dir stopped",
            "stopped holds a training run without a checkpoint: start anew with --overwrite, "
            "which deletes run.json, recipe.toml",
        ),
        (
            "run iris-vae --run-dir stopped --resume",
            "there is no checkpoint stopped/checkpoint.npz: start anew with --overwrite",
        ),
        ("run iris-vae --run-dir whole --resume --seed 4", "whole was trained with seed 3, not 4"),
    ],
)
def test_mistake_is_one_line_and_changes_nothing(
    arguments: str, problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(arguments, monkeypatch) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {problem}")
    assert err.count("\n") == 1


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("run iris-vae --run-dir whole --resume --overwrite", "-overwrite"),
        ("run iris-vae --seed 4294967296", "-seed"),
        ("evaluate iris-vae --seed 5000000000", "-seed"),
        ("evaluate iris-vae --seed 2147483649", "-seed"),
        ("export iris-vae --run-dir whole --version 2147483648", "-version"),
    ],
)
def test_what_no_command_takes_is_a_usage_error(
    arguments: str, problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(arguments, monkeypatch) == 2
    assert problem in capsys.readouterr().err
