"""`inspect` as a user types it: where its results go, and what it takes besides the file."""

import json
import sys
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synthserve_training import cli
from synthserve_training.tables import recipe as recipes

TABLE = "key,born,zip,total,part,rest\n" + "".join(
    f"k{number},{1 + number % 28:02}/0{1 + number % 9}/2020,{1001 + number % 4},"
    f"{number % 7 + number % 11},{number % 7},{number % 11}\n"
    for number in range(120)
)
SUM = "part + rest = total"


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs `inspect` in a folder with a table; returns its exit status."""
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TABLE)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["synthserve-train", "inspect", "t.csv", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


def test_recipe_goes_to_standard_output_alone(typed: Callable[..., int], capfd: pytest.CaptureFixture[str]) -> None:
    assert typed("--recipe", "/dev/stdout") == 0
    output, error = capfd.readouterr()
    assert recipes.parse(output).model == "t"
    assert "Proposed constraints" in error


def test_recipe_goes_to_a_pipe(typed: Callable[..., int]) -> None:
    import os

    os.mkfifo("pipe")
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(Path("pipe").read_text()))
    reader.start()
    assert typed("--recipe", "pipe") == 0
    reader.join()
    assert recipes.parse(received[0]).model == "t"


def test_constraints_are_in_the_recipe_the_table_and_the_json(
    typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed("--recipe", "t.toml") == 0
    assert SUM in capsys.readouterr().out
    assert typed("--json") == 0
    found = json.loads(capsys.readouterr().out)["constraints"]
    assert SUM in [one["text"] for one in found]
    assert [one["options"] for one in found] == tomllib.loads(Path("t.toml").read_text())["constraints"]


def test_ragged_row_names_the_option_that_leaves_it_out(
    typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").write_text("a,b\n1,x\n1,2,3\n" + "4,y\n" * 9)
    assert typed() == 1
    assert "line 3" in (error := capsys.readouterr().err)
    assert "--skip-bad-rows" in error
    assert typed("--skip-bad-rows") == 0


def types(output: str) -> dict[str, str]:
    return {column["name"]: column["type"] for column in json.loads(output)["columns"]}


def test_metadata_is_written_and_read_again(typed: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("--sdv-metadata", "m.json", "--set", "born.patterns=%d/%m/%Y") == 0
    content = json.loads(Path("m.json").read_text())
    assert content["METADATA_SPEC_VERSION"] == "SINGLE_TABLE_V1"
    assert content["primary_key"] == "key"
    assert content["columns"]["born"] == {"sdtype": "datetime", "datetime_format": "%d/%m/%Y"}
    assert content["columns"]["part"] == {"sdtype": "numerical", "computer_representation": "Int64"}
    capsys.readouterr()
    assert typed("--metadata", "m.json", "--json") == 0
    assert types(capsys.readouterr().out)["born"] == "date"


COLUMNS: dict[str, Any] = {"zip": {"sdtype": "categorical"}, "part": {"sdtype": "id"}}


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ({"METADATA_SPEC_VERSION": "SINGLE_TABLE_V1", "columns": COLUMNS}, ()),
        ({"METADATA_SPEC_VERSION": "V1", "tables": {"t": {"columns": COLUMNS}}}, ()),
        ({"tables": {"t": {"columns": COLUMNS}, "u": {"columns": {}}}}, ("--metadata-table", "t")),
    ],
)
def test_metadata_says_what_columns_are_and_settings_win(
    content: object, options: tuple[str, ...], typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("m.json").write_text(json.dumps(content))
    assert typed("--metadata", "m.json", *options, "--set", "part.type=integer", "--json") == 0
    found = types(capsys.readouterr().out)
    assert (found["zip"], found["part"], found["rest"]) == ("category", "integer", "integer")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "m.json: the metadata is no JSON"),
        (b"\xff\xfe{}", "m.json: it is no text in UTF-8"),
        (b'{"fields": {}}', "m.json: the metadata has no columns"),
        (b'{"tables": {"a": {}, "b": {}}}', "m.json: the metadata has the tables a, b: name one of them"),
        (b'{"columns": {"bron": {"sdtype": "id"}}}', "m.json: the table has no column 'bron': did you mean born?"),
        (
            b'{"columns": {"born": {"sdtype": "datetime", "datetime_format": "%Y-%m-%d"}}}',
            "t.csv, line 2, column 'born': '01/01/2020' is no date as is set (%Y-%m-%d)",
        ),
        (b'{"columns": {"key": {"sdtype": "boolean"}}}', "column 'key' cannot be read as boolean"),
    ],
)
def test_metadata_that_does_not_fit_is_one_line(
    content: bytes, message: str, typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("m.json").write_bytes(content)
    assert typed("--metadata", "m.json", "--sdv-metadata", "new.json") == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not Path("new.json").exists()


def test_metadata_that_is_not_there_is_one_line(typed: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("--metadata", "m.json") == 1
    assert capsys.readouterr().err == "error: m.json: it cannot be read: No such file or directory\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "--recipe", "/dev/stdout"),
        ("--sdv-metadata", "/dev/stdout", "--recipe", "/dev/stdout"),
        ("--metadata-table", "t"),
    ],
)
def test_options_that_do_not_fit_together(arguments: tuple[str, ...], typed: Callable[..., int]) -> None:
    assert typed(*arguments) == 2
