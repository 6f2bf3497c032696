"""The processes of a comparison, what is kept of them, and the page."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from tests.benchmarks.tables import page, published
from tests.benchmarks.tables.models import MODELS
from tests.benchmarks.tables.peers import process
from tests.benchmarks.tables.peers.bootstrap import Bootstrap
from tests.benchmarks.tables.peers.process import Job, write_rows
from tests.benchmarks.tables.results import Files
from tests.benchmarks.tables.roles import Roles
from tests.benchmarks.tables.run import FailedError, watched

CART = next(model for model in MODELS if model.name == "cart")


def test_a_peer_writes_rows_and_timings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(pd.DataFrame({"x": [1, 2, 3], "c": ["a", "b", "c"]}), tmp_path / "train.parquet")
    job = Job(
        parquet=str(tmp_path / "train.parquet"),
        csv="",
        roles_file="",
        seed=1,
        rows=7,
        speed_rows=5,
        output=str(tmp_path / "rows.parquet"),
        timings=str(tmp_path / "timings.json"),
        folder=str(tmp_path),
    )
    job.write(tmp_path / "job.json")
    monkeypatch.setattr(sys, "argv", ["peer", str(tmp_path / "job.json")])
    process.run(Bootstrap)
    assert len(pd.read_parquet(job.output)) == 7
    timings = json.loads(Path(job.timings).read_text())
    assert set(timings) == {
        "fit_seconds",
        "fit_cpu_seconds",
        "first_row_seconds",
        "frame_rows_per_second",
        "csv_rows_per_second",
    }
    assert min(timings.values()) > 0


def test_a_process_is_watched_to_its_end(tmp_path: Path) -> None:
    assert watched([sys.executable, "-S", "-c", "x = bytearray(50 << 20); print('done')"], tmp_path / "log", 60) > 0
    assert (tmp_path / "log").read_text() == "done\n"


def test_a_failure_is_told_by_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=r"^exit status 3: no memory$"):
        watched([sys.executable, "-S", "-c", "print('no memory'); raise SystemExit(3)"], tmp_path / "log", 60)


def test_a_process_ends_at_the_limit(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="not done after"):
        watched([sys.executable, "-S", "-c", "import time; time.sleep(600)"], tmp_path / "log", 0.2)


def test_roles_are_written_and_read(tmp_path: Path) -> None:
    roles = Roles(("a", "b"), ("c",), ("d",), "a")
    roles.write(tmp_path / "roles.json")
    assert Roles.read(tmp_path / "roles.json") == roles
    assert roles.task == "regression"
    assert roles.sdv_columns()["d"] == {"sdtype": "datetime"}


def test_results_are_those_of_both_processes(tmp_path: Path) -> None:
    files = Files(tmp_path, CART)
    assert files.read() == {}
    files.timings.write_text('{"fit_seconds": 2.0}')
    files.metrics.write_text('{"shape": 0.99}')
    assert files.read() == {"fit_seconds": 2.0, "shape": 0.99}
    files.forget()
    assert files.read() == {}


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    for name in published.FIGURES.values():
        (folder / f"{name}.csv").write_text("method,dataset,mean,std\nTabDiff,magic,0.9876,0.01\nCoDi,magic,0.5,0\n")
    return folder


def test_the_page_shows_results_beside_the_papers(tmp_path: Path, papers: Path) -> None:
    folder = tmp_path / "results" / "magic"
    folder.mkdir(parents=True)
    (folder / "facts.json").write_text('{"train": 17117, "held_out": 1902}')
    files = Files(folder, CART)
    files.timings.write_text(json.dumps({"fit_seconds": 5.25, "first_row_seconds": 0.0067, "peak_mib": 275}))
    files.metrics.write_text(json.dumps({"shape": 0.9943, "xgboost_c2st": 0.75}))
    Files(folder, MODELS[-1]).timings.write_text('{"error": "not done after 60 minutes"}')
    lines = page.tables(page.read(tmp_path / "results"), papers).splitlines()
    row = next(line for line in lines if line.startswith("| CART"))
    assert [cell.strip() for cell in row.split("|")[2:6]] == ["0.57", "", "", "0.750"]
    row = next(line for line in lines if line.startswith("| TabDiff, published"))
    assert [cell.strip() for cell in row.split("|")[2:6]] == ["1.24", "1.24", "", "0.988"]
    assert any(line.startswith("- SDV CTGAN: not done") for line in lines)
    assert not any("CoDi" in line for line in lines)
    assert "17,117 training rows, 1,902 held-out rows." in lines


def test_the_page_is_written_between_its_marks() -> None:
    old = f"# Tables\n\n{page.BEGIN}\n\nold\n\n{page.END}\n\nThe end.\n"
    new = page.replaced(old, "new")
    assert new == f"# Tables\n\n{page.BEGIN}\n\nnew\n\n{page.END}\n\nThe end.\n"
    assert page.replaced(new, "new") == new


@pytest.mark.parametrize("text", ["", page.BEGIN, f"{page.END} {page.BEGIN}", f"{page.BEGIN}{page.END}{page.END}"])
def test_a_page_without_marks_stays_as_it_is(text: str) -> None:
    with pytest.raises(ValueError, match="once each and in this order"):
        page.replaced(text, "new")


def test_models_have_modules() -> None:
    folder = Path(process.__file__).parent
    assert all((folder / f"{model.module}.py").is_file() for model in MODELS if model.module)
    assert len({model.name for model in MODELS}) == len(MODELS)
