"""Where a report goes, and what it may take the place of."""

from pathlib import Path

import pytest
from tests.fixtures import reports

from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation import html, run
from synthserve_training.evaluation.figures import Plot, Report, Section


def report(plot: str = "columns") -> Report:
    return reports.report(Section("Fidelity", plots=(Plot(plot, "A caption", b"\x89PNG"),)))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(folder: Path, problem: str) -> None:
    """Both the check beforehand and the writing refuse."""
    message = rf"{problem}.*: give --output a new folder"
    with pytest.raises(EvaluationError, match=message):
        run.check_target(folder)
    with pytest.raises(EvaluationError, match=message):
        run.write(report(), folder)


@pytest.mark.parametrize(
    ("there", "named"),
    [
        (["thesis.tex"], "thesis.tex"),
        (["columns.png"], "columns.png"),
        (["report.json"], "report.json"),  # of another program
        (["report.html", "deep/er/notes"], "deep"),
    ],
)
def test_folder_that_is_no_report_is_left_as_it_is(there: list[str], named: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for name in there:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    before = contents(tmp_path)
    refused(folder, f"holds {named}, which is not part of an earlier report")
    assert contents(tmp_path) == before


def test_what_lies_beside_an_earlier_report_is_not_lost(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    run.write(report(), folder)
    (folder / "screenshot.png").write_bytes(b"mine")
    before = contents(tmp_path)
    refused(folder, "holds screenshot.png")
    assert contents(tmp_path) == before


def test_earlier_report_is_replaced_with_its_plots(tmp_path: Path) -> None:
    run.write(report("then"), tmp_path / "report")
    run.write(report("now"), tmp_path / "report")
    assert set(contents(tmp_path)) == {"report/now.png", "report/report.html", "report/report.json"}
    assert names(tmp_path) == ["report"]


def test_empty_folder_and_a_link_to_one_are_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    run.write(report(), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert len(contents(tmp_path / "empty")) == 3


def test_file_is_no_place_for_a_report(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    refused(tmp_path / "file", "file is a file")
    refused(tmp_path / "file" / "report", "cannot be written")
    refused(Path("/proc/none/report"), "cannot be written")
    assert (tmp_path / "file").read_text() == "mine"


def test_current_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(Path(), "is the current folder or a mount")
    refused(tmp_path, "is the current folder or a mount")
    refused(Path("/"), "is the current folder or a mount")
    (tmp_path / "notes").touch()
    refused(Path(), "is the current folder or a mount")
    assert names(tmp_path) == ["notes"]


def test_report_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run.write(report("then"), tmp_path / "report")
    before = contents(tmp_path)

    def full(_report: Report) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(html, "render", full)
    with pytest.raises(OSError, match="No space left"):
        run.write(report("now"), tmp_path / "report")
    assert contents(tmp_path) == before


def test_report_that_does_not_get_into_place_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.write(report("then"), tmp_path / "report")
    before = contents(tmp_path)
    rename = Path.rename

    def interrupted(source: Path, target: Path) -> Path:
        if source.name == "report" and source.parent != tmp_path:
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.write(report("now"), tmp_path / "report")
    assert contents(tmp_path) == before
    assert names(tmp_path) == ["report"]
