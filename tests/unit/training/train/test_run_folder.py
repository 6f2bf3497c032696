"""What a run finds in its folder, and what it leaves there."""

from pathlib import Path

import pytest

from synthserve_training.errors import RunError
from synthserve_training.train.machine import Machine
from synthserve_training.train.run_folder import RunFolder, check_writable

RUN = ("run.json", "recipe.toml", "losses.csv", "losses.png", "checkpoint.npz", "samples/epoch-0001.png")


def holding(folder: Path, *names: str) -> RunFolder:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of before")
    return RunFolder(folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", [*RUN, "recipe.toml.part", "checkpoint.part"])
def test_one_file_of_a_run_is_enough_to_refuse(name: str, tmp_path: Path) -> None:
    run = holding(tmp_path, name)
    with pytest.raises(RunError, match="start anew with --overwrite"):
        run.create("recipe", 0, Machine("jax"), overwrite=False)
    assert files(tmp_path) == {name}
    assert (tmp_path / name).read_text() == "of before"


def test_run_that_has_no_checkpoint_is_not_one_to_go_on_with(tmp_path: Path) -> None:
    run = holding(tmp_path, "run.json", "recipe.toml", "samples/epoch-0001.png", "samples/epoch-0002.png")
    with pytest.raises(RunError) as refused:
        run.check_free(overwrite=False)
    assert "--resume" not in str(refused.value)
    assert str(refused.value).endswith("which deletes run.json, recipe.toml, samples")


def test_overwriting_deletes_what_a_run_wrote_and_nothing_else(tmp_path: Path) -> None:
    own = {"notes.md", "samples/favourite.png", "samples/epoch-best.png", "samples/more/epoch-0001.png", "data.npz"}
    run = holding(tmp_path, *RUN, "checkpoint.part", *own)
    run.create("recipe", 7, Machine("jax"), overwrite=True)
    assert files(tmp_path) == own | {"run.json", "recipe.toml"}
    assert run.facts().seed == 7
    assert all((tmp_path / name).read_text() == "of before" for name in own)


def test_folder_with_other_things_takes_a_run(tmp_path: Path) -> None:
    holding(tmp_path, "notes.md", "samples/mine.png").create("recipe", 0, Machine("jax"), overwrite=False)
    assert files(tmp_path) == {"notes.md", "samples/mine.png", "run.json", "recipe.toml"}


@pytest.mark.parametrize("name", ["run", "run/samples"])
def test_file_where_a_folder_has_to_be_is_refused(name: str, tmp_path: Path) -> None:
    holding(tmp_path, name)
    with pytest.raises(RunError, match=f"{name} is a file"):
        RunFolder(tmp_path / "run").check_free(overwrite=True)


def test_trying_whether_a_folder_can_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    check_writable(tmp_path)
    check_writable(tmp_path / "a" / "b")
    for wrong in (tmp_path / "file", tmp_path / "file" / "x", tmp_path / "link", Path("/proc/none")):
        with pytest.raises(OSError, match=str(wrong)):
            check_writable(wrong)
    assert names(tmp_path) == ["file", "link"]


def test_trying_does_not_leave_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_writable(Path("runs") / "iris-vae")
    assert not names(tmp_path)
