"""Options that no command takes: refused by name, before Keras is started, and nothing is written."""

import sys
from pathlib import Path

import pytest

from synthserve_training import cli
from synthserve_training.train import startup
from synthserve_training.train.run_folder import RunFolder


def typed(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["synthserve-train", *arguments])
    monkeypatch.setattr(startup, "start_keras", lambda *_: pytest.fail("Keras is started"))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1.5", "", str(2**31), str(2**63), "9" * 5000])
@pytest.mark.parametrize(
    "option",
    ["run --epochs", "export --version", "evaluate --version", "evaluate --retrain"],
)
def test_count_is_refused_by_name(
    option: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command, flag = option.split()
    if (option, value) == ("evaluate --retrain", str(2**31)):
        value = str(2**31 + 1)
    assert typed([command, "iris-vae", f"{flag}={value}"], monkeypatch) == 2
    assert flag.removeprefix("-") in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "option",
    [
        "run --run-dir",
        "run --export",
        "run --data-dir",
        "export --output",
        "evaluate --repository",
        "evaluate --output",
    ],
)
def test_folder_without_a_name_is_not_the_current_one(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command, flag = option.split()
    assert typed([command, "iris-vae", flag, ""], monkeypatch) == 2
    said = capsys.readouterr().err
    assert flag.removeprefix("-") in said
    assert "it is empty" in said
    assert not list(tmp_path.iterdir())


def test_folder_in_which_another_process_trains_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with RunFolder(Path("run")).held():
        assert typed(["run", "iris-vae", "--run-dir", "run"], monkeypatch) == 1
    assert capsys.readouterr().err == ("error: another process trains in run: wait for it, or give another --run-dir\n")
