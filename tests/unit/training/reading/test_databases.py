import sqlite3
from pathlib import Path

import polars as pl
import pytest
from tests.unit.training.reading.conftest import read

from synthserve_training.data.reading import open_table
from synthserve_training.errors import ReadingError


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The URL of an SQLite database with a table of people."""
    path = tmp_path / "people.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE people (id INTEGER, name TEXT, height REAL, born DATE, note BLOB)")
    connection.executemany(
        "INSERT INTO people VALUES (?, ?, ?, ?, ?)",
        [(1, "Ann", 1.75, "1990-01-02", b"\x00\xff"), (2, "", None, None, None), (3, None, 2, "2000-12-31", b"")],
    )
    connection.execute("CREATE TABLE many (n INTEGER, late REAL)")
    connection.execute(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 60000) "
        "INSERT INTO many SELECT n, CASE WHEN n = 60000 THEN 0.5 END FROM c"
    )
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def test_rows_of_a_query_keep_types_and_nulls(database: str) -> None:
    found = read(database, "SELECT id, name, height, note FROM people WHERE name <> 'a:b' OR name IS NULL ORDER BY id")
    assert found.layout.format == "database"
    assert found.frame.schema == {"id": pl.Int64, "name": pl.String, "height": pl.Float64, "note": pl.String}
    assert found.rows == [(1, "Ann", 1.75, "00ff"), (2, "", None, None), (3, None, 2.0, "")]
    assert [chunk.rows() for chunk in found.source.chunks()] == [found.rows]


def test_types_are_those_of_all_rows(database: str) -> None:
    source = open_table(database, query="SELECT n, late, n AS a, n AS b, n AS c, n AS d FROM many")
    done: list[int] = []
    chunks = list(source.chunks(done.append))
    assert len(chunks) > 1
    assert all(chunk.dtypes[:2] == [pl.Int64, pl.Float64] for chunk in chunks)
    assert pl.concat(chunks)["n"].sum() == 60_000 * 60_001 // 2
    assert done[-1] == source.size


def test_query_without_rows_has_its_columns(database: str) -> None:
    assert read(database, "SELECT id, name FROM people WHERE id > 9").frame.shape == (0, 2)


def test_repeated_and_empty_names_become_unique(database: str) -> None:
    assert read(database, "SELECT id, id FROM people").layout.names == ("id", "id_2")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM nobody", r"people\.db: the query fails: no such table: nobody"),
        ("SELEC", "the query fails: near"),
        ("CREATE TABLE other (a)", "gives no rows"),
        (None, "give a query"),
        ("", "give a query"),
    ],
)
def test_bad_query_is_refused(database: str, query: str | None, message: str) -> None:
    with pytest.raises(ReadingError, match=message):
        open_table(database, query=query)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("sqlite:////nowhere/people.db", "/nowhere/people.db: there is no such file"),
        (
            "postgresql://user:secret@127.0.0.1:9/people",
            r"postgresql\+psycopg://user:\*\*\*@127.0.0.1:9/people: .*refused",
        ),
        ("postgresql://127.0.0.1:9/people?user=me&password=secret", "127.0.0.1:9/people: .*refused"),
        ("no url", "no URL of a database"),
        ("strange://host/x", "strange://host/x: "),
    ],
)
def test_database_that_cannot_be_reached_is_named_without_its_password(address: str, message: str) -> None:
    with pytest.raises(ReadingError, match=message) as caught:
        open_table(address, query="SELECT 1")
    assert "secret" not in str(caught.value)


def test_address_is_recorded_without_parameters(database: str) -> None:
    layout = open_table(f"{database}?timeout=31", query="SELECT id FROM people").layout
    assert layout.address == database
    assert layout.files == (database,)
