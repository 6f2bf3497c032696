"""What all peers share: a process that learns a table, writes rows of it, and says how long that took.

    python -m tests.benchmarks.tables.peers.NAME JOB.json

Runs under the peers' interpreter, so it imports nothing of synthserve. Timings are of the wall clock, and of the
processors for the training: those of all cores together, which other work on the machine changes little. The model
stays in memory between its training and the rows; imports are not counted.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, Self

import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from tests.benchmarks.tables.roles import Roles

ROUNDS = 2
"""Each speed is the better one of so many."""


@dataclass(frozen=True)
class Job:
    """What a peer is to do.

    Attributes:
        parquet: The training rows.
        csv: The same, as a text file.
        roles_file: The roles of the columns.
        seed: Of the training.
        rows: How many rows are written for the metrics.
        speed_rows: How many rows are drawn to measure the speed.
        output: The Parquet file to write.
        timings: The JSON file to write.
        folder: An empty folder for what the peer needs.
    """

    parquet: str
    csv: str
    roles_file: str
    seed: int
    rows: int
    speed_rows: int
    output: str
    timings: str
    folder: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads what `write` wrote."""
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        """Writes it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1))

    def train(self) -> pd.DataFrame:
        """The training rows."""
        return pd.read_parquet(self.parquet)

    @property
    def roles(self) -> Roles:
        """The roles of the columns."""
        return Roles.read(Path(self.roles_file))


@dataclass(frozen=True)
class Timings:
    """What was measured, in seconds, and in rows a second."""

    fit_seconds: float
    fit_cpu_seconds: float
    first_row_seconds: float
    frame_rows_per_second: float
    csv_rows_per_second: float


class Synthesiser(Protocol):
    """A model of one table."""

    def fit(self, job: Job) -> None:
        """Learns the table of a job."""

    def rows(self, count: int) -> pd.DataFrame:
        """Draws rows. A second call draws others."""

    def write_csv(self, count: int, path: Path) -> None:
        """Draws rows, and writes them as a CSV file."""


class PandasOutput:
    """Writes CSV as pandas does."""

    def rows(self, count: int) -> pd.DataFrame:
        """Draws rows."""
        raise NotImplementedError

    def write_csv(self, count: int, path: Path) -> None:
        """Draws rows, and writes them as a CSV file."""
        self.rows(count).to_csv(path, index=False)


def run(make: Callable[[], Synthesiser]) -> None:
    """Does the job that the command line names."""
    job = Job.read(Path(sys.argv[1]))
    model = make()
    before = _cpu_seconds()
    fit = _seconds(lambda: model.fit(job))
    cpu = _cpu_seconds() - before
    print(f"fit: {fit:.1f} s", flush=True)
    first = _seconds(lambda: model.rows(1))
    drawn = model.rows(job.rows)
    if len(drawn) != job.rows:
        raise RuntimeError(f"{len(drawn)} rows were drawn, not {job.rows}")
    write_rows(drawn, Path(job.output))
    frame = min(_seconds(lambda: model.rows(job.speed_rows)) for _ in range(ROUNDS))
    path = Path(job.folder) / "speed.csv"
    csv = min(_seconds(lambda: model.write_csv(job.speed_rows, path)) for _ in range(ROUNDS))
    path.unlink()
    timings = Timings(fit, cpu, first, job.speed_rows / frame, job.speed_rows / csv)
    Path(job.timings).write_text(json.dumps(asdict(timings)))


def write_rows(rows: pd.DataFrame, path: Path) -> None:
    """Writes a Parquet file that each version of pandas reads in its own way."""
    parquet.write_table(pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None), path)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _cpu_seconds() -> float:
    """What this process and its children that have ended have used of all cores."""
    used = [resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
