"""A report takes the place of an earlier one with the modes that this had."""

import stat
from pathlib import Path

from tests.fixtures import reports

from synthserve_training.evaluation import run
from synthserve_training.evaluation.figures import Plot, Section


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_modes_of_folder_and_files_are_kept(tmp_path: Path) -> None:
    report = reports.report(Section("Fidelity", plots=(Plot("columns", "A caption", b"\x89PNG"),)))
    folder = tmp_path / "report"
    run.write(report, folder)
    (tmp_path / "other").mkdir()
    assert mode(folder) == mode(tmp_path / "other")
    folder.chmod(0o2750)
    (folder / "report.json").chmod(0o640)
    usual = mode(folder / "columns.png")
    run.write(report, folder)
    assert (mode(folder), mode(folder / "report.json"), mode(folder / "columns.png")) == (0o2750, 0o640, usual)
