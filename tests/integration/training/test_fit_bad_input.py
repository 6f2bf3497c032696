"""Files that are no table, or hardly one: one line says what is wrong, before Keras starts, and nothing is written."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import synthserve_core
from synthserve_training.tables import width
from synthserve_training.train import startup
from synthserve_training.train.machine import Machine
from synthserve_training.train.run_folder import RunFolder

ROWS = 60
DAYS = [f"2020-01-{1 + number % 28:02}" for number in range(ROWS)]


def lines(header: str, cell: Callable[[int], str]) -> bytes:
    return "\n".join([header, *(f"{cell(number)},{number % 4}" for number in range(ROWS)), ""]).encode()


def with_one(odd: str) -> bytes:
    """A column of days, but for one in line 7."""
    return lines("day,b", lambda number: odd if number == 5 else DAYS[number])


@pytest.fixture(autouse=True)
def _empty_folder_without_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in an empty folder, and must not come as far as Keras."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(startup, "start_keras", lambda *_: pytest.fail("Keras is started"))


REFUSED = {
    "empty": (b"", "it is empty"),
    "binary": (bytes(range(256)) * 40, "it is no text"),
    "NUL bytes": (b"a,b\n" + b"".join(b"%d,x\0y\n" % number for number in range(ROWS)), "it is no text"),
    "ragged": (b"a,b,c\n" + b"1,2,3\n" * ROWS + b"1,2\n", f"line {ROWS + 2}: it has 2 cells"),
}


@pytest.mark.parametrize("command", ["inspect", "fit"])
@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_no_table_is_refused(
    command: str, content: bytes, message: str, typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").write_bytes(content)
    assert typed(command, "t.csv") == 1
    error = capsys.readouterr().err
    assert error.startswith("error: t.csv")
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["t.csv"]


HARDLY = {
    "only a header": (b"a,b,c\n", "t.csv has no rows"),
    "one row": (b"a,b,c\n1,2,3\n", "t.csv has one row"),
    "values of too few rows": (b"a,b\n" + b"1,2\n3,2\n1,4\n3,4\n", "there is nothing to learn"),
}


@pytest.mark.parametrize(("content", "message"), HARDLY.values(), ids=HARDLY)
def test_hardly_a_table_is_inspected_but_not_learnt(
    content: bytes, message: str, typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").write_bytes(content)
    assert typed("inspect", "t.csv") == 0
    assert typed("fit", "t.csv") == 1
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert [path.name for path in Path().iterdir()] == ["t.csv"]


WARNED = {
    "a day before year 1": (with_one("0000-01-01"), "line 7, column 'day': '0000-01-01' is read as missing: all"),
    "a day after 9999": (with_one("12020-01-01"), "line 7, column 'day': '12020-01-01' is read as missing: all"),
    "a day that no month has": (with_one("2020-02-30"), "line 7, column 'day': all values are dates, but '2020-02-30'"),
    "infinite": (lines("a,b", lambda number: "inf" if number == 5 else f"{number / 2}"), "line 7, column 'a': 'inf'"),
    "too large": (
        lines("a,b", lambda number: "1e400" if number == 5 else f"{number / 2}"),
        "line 7, column 'a': '1e400'",
    ),
    "Excel's days": (lines("Date,b", lambda number: str(43831 + number)), "column 'Date': 43831 and all others: they"),
    "half a character": (lines("a,b", lambda number: "ö" if number % 2 else "ä") + "1,ö".encode()[:-1], "line 62: "),
    "a character of another code page": (
        lines("a,b", lambda number: "ö" if number % 2 else "ä").replace(b"\xb6,1", b",1", 1),
        "line 3: 1 line is not utf-8",
    ),
    "no name": (lines(",b", lambda number: "xyz"[number % 3]), "column 'column_1': column 1 has no name"),
}


@pytest.mark.parametrize(("content", "message"), WARNED.values(), ids=WARNED)
def test_doubtful_value_is_named_with_line_and_column(
    content: bytes, message: str, typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").write_bytes(content)
    assert typed("inspect", "t.csv") == 0
    assert message in " ".join(capsys.readouterr().out.split())


def test_doubtful_value_is_noted_by_fit_with_the_file(
    typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").write_bytes(with_one("2020-02-30"))
    RunFolder(Path("runs/t")).create("another recipe", 0, Machine("tensorflow"), overwrite=False)
    RunFolder(Path("runs/t")).checkpoint.write_bytes(b"weights")
    assert typed("fit", "t.csv") == 1
    note, error = capsys.readouterr().err.splitlines()
    assert note.startswith("note: t.csv, line 7, column 'day': ")
    assert error == (
        "error: runs/t holds the run of another recipe: give another --run-dir, or --overwrite to start anew"
    )


def test_more_columns_than_a_model_learns_are_refused_before_the_rows_are_read(
    typed: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(width, "MOST_LEARNT", 3)
    Path("t.csv").write_text("\n".join(["a,b,c,d", *(f"{number},x,y,z" for number in range(ROWS)), ""]))
    assert typed("inspect", "t.csv", "--recipe", "t.toml") == 0
    assert "4 columns" in capsys.readouterr().out
    monkeypatch.setattr("synthserve_training.commands.fit.inspect", lambda *_, **__: pytest.fail("rows are read"))
    assert typed("fit", "t.csv") == 1
    assert capsys.readouterr().err == (
        "error: t.csv has 4 columns, and a model learns at most 3: write a recipe with `synthserve-train inspect "
        '--recipe FILE`, set role = "drop" in it for the columns that you do not need, and fit with --recipe FILE\n'
    )


def test_a_recipe_of_more_columns_than_a_model_learns_is_refused(
    typed: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(width, "MOST_LEARNT", 1)
    cells = (f"{number % 7},{number % 5},{number % 3},one" for number in range(ROWS))
    Path("t.csv").write_text("\n".join(["a,b,c,d", *cells, ""]))
    assert typed("inspect", "t.csv", "--recipe", "t.toml") == 0
    assert "3 columns would be learnt" in " ".join(capsys.readouterr().out.split())
    assert typed("fit", "t.csv", "--recipe", "t.toml") == 1
    assert 'the recipe learns 3 columns, and a model learns at most 1: set role = "drop"' in capsys.readouterr().err


def test_what_has_no_values_is_made_without_training(
    typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{hashlib.sha256(bytes([number])).hexdigest()},NA" for number in range(ROWS)]
    Path("t.csv").write_text("\n".join(["key,nothing", *rows, ""]))
    assert typed("fit", "t.csv", "--no-report", "--export", "models") == 0
    model = synthserve_core.load("models/t/1")
    made = model.rows(seed=1, count=100)
    assert made.column_names == ["key", "nothing"]
    assert made["nothing"].null_count == 100
    assert len(set(made["key"].to_pylist())) == 100
    assert "serve it: synthserve-server --model-repository models" in capsys.readouterr().out


def test_what_cannot_be_measured_has_a_model_and_no_report(
    typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{number + 1},{hashlib.sha256(bytes([number])).hexdigest()}" for number in range(ROWS)]
    Path("t.csv").write_text("\n".join(["row,key", *rows, ""]))
    assert typed("fit", "t.csv") == 0
    printed = capsys.readouterr()
    assert "there is no report: models/t/1 has nothing to measure" in printed.err
    assert "exported t, version 1: models/t/1" in printed.out
    # `evaluate` finds the model, and the rows of the same file.
    assert typed("evaluate", "t") == 1
    assert "models/t/1 has nothing to measure" in capsys.readouterr().err
    assert synthserve_core.load("models/t/1").rows(seed=1, count=3)["row"].to_pylist() == [1, 2, 3]


def test_standard_input_is_read_once(
    typed: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("\n".join(["key,nothing", *(f"k-{number:04},NA" for number in range(ROWS)), ""]))
    with (tmp_path / "t.csv").open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert typed("fit", "-", "--no-report", "--name", "piped") == 0
    assert synthserve_core.load("models/piped/1").rows(seed=1, count=10).num_rows == 10
