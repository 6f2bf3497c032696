"""Rows of a real PostgreSQL."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy

from synthserve_training.data.reading import open_table

PROGRAMS = (Path("/usr/local/bin"), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))


def program(name: str) -> str:
    """A program of PostgreSQL."""
    found = shutil.which(name) or next((str(folder / name) for folder in PROGRAMS if (folder / name).is_file()), None)
    if found is None:
        pytest.skip(f"needs {name} of PostgreSQL")
    return found


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database server of its own."""
    initdb, server = program("initdb"), program("postgres")
    folder = tmp_path_factory.mktemp("postgresql")
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root.
        user = pwd.getpwnam("nobody").pw_name
        for path in (folder, *folder.parents):
            if path.is_relative_to(tempfile.gettempdir()) and path != Path(tempfile.gettempdir()):
                path.chmod(0o755)
        shutil.chown(folder, user)
    data = folder / "data"
    subprocess.run(
        [initdb, "-D", data, "-A", "trust", "-U", "tester", "--no-sync"], user=user, check=True, capture_output=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [server, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", "", "-F"]
    with subprocess.Popen(command, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "ready to accept connections" in line:
                break
        yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
        process.send_signal(signal.SIGINT)  # It waits for no client.
        process.stderr.read()


def test_rows_of_a_query_keep_types_and_nulls(database: str) -> None:
    engine = sqlalchemy.create_engine(database)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE t AS SELECT n::int AS n, n / 4.0::float8 AS x, (n / 100.0)::numeric(10, 2) AS price, "
            "mod(n, 2) = 0 AS even, 'name ' || n AS name, date '2020-01-01' + n::int AS day, "
            "timestamp '2020-01-01' + n * interval '1 hour' AS at, CASE WHEN n > 29000 THEN n END AS late, "
            "json_build_object('k', n) AS doc FROM generate_series(1, 30000) AS n"
        )
    engine.dispose()
    source = open_table(
        database.replace("+psycopg", ""), query="SELECT *, name LIKE '%9' AS nine, n::text AS text FROM t ORDER BY n"
    )
    chunks = list(source.chunks())
    found = pl.concat(chunks)
    assert len(chunks) > 1
    assert found.height == 30_000
    assert dict(found.schema) == {
        "n": pl.Int64,
        "x": pl.Float64,
        "price": pl.String,
        "even": pl.Boolean,
        "name": pl.String,
        "day": pl.Date,
        "at": pl.Datetime("us"),
        "late": pl.Int64,
        "doc": pl.String,
        "nine": pl.Boolean,
        "text": pl.String,
    }
    assert found["n"].sum() == 30_000 * 30_001 // 2
    assert found["late"].null_count() == 29_000
    assert found.row(149)[:5] == (150, 37.5, "1.50", True, "name 150")
    assert found.row(149)[8:] == ('{"k": 150}', False, "150")
