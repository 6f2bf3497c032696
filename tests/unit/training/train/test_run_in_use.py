"""One process at a time trains in a folder."""

from pathlib import Path

import pytest

from synthserve_training.errors import RunError
from synthserve_training.train.run_folder import RunFolder


def test_folder_is_held_until_the_training_ends_however_it_does(tmp_path: Path) -> None:
    run, same = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "." / "run")

    def interrupted() -> None:
        with run.held():
            for take in (same.check_idle, lambda: same.held().__enter__()):
                with pytest.raises(RunError, match=r"another process trains in .*run: wait for it, or give another"):
                    take()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with same.held():
        pass
    assert not list((tmp_path / "run").iterdir())


def test_looking_whether_it_is_held_makes_no_folder(tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").check_idle()
    assert not list(tmp_path.iterdir())


def test_half_written_samples_are_part_of_a_run(tmp_path: Path) -> None:
    part = tmp_path / "samples" / "epoch-0001.png.part"
    part.parent.mkdir()
    part.touch()
    with pytest.raises(RunError, match="start anew with --overwrite, which deletes samples"):
        RunFolder(tmp_path).check_free(overwrite=False)
