"""Compares this project's table model with others, on the tables of the papers.

    python -m tests.benchmarks.tables.run --results FOLDER
    python -m tests.benchmarks.tables.run --results FOLDER --tables adult --models cart --models ctgan

Each model learns the training rows in a process of its own and writes as many rows as it has seen. Another process,
the same for all, measures them. Both results are kept in FOLDER: what is there is not measured again, so a run can
be stopped, and `--metrics-again` measures rows anew without another training. At the end the tables are printed, and
written into a page (`--page`) between its marks.

Figures are of one training each, with one seed. Time limits, failures and refusals are results, too. Peak memory is
the largest sum of resident sets of the process and its children that was seen in ten looks a second. The load average
before a training says whether the machine did other work, too.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Usage
from tests.benchmarks.tables import datasets, page
from tests.benchmarks.tables.metrics_job import MetricsJob
from tests.benchmarks.tables.models import HELD_OUT, MODELS, PEERS_PYTHON, ROOT, Model
from tests.benchmarks.tables.peers.process import Job, write_rows
from tests.benchmarks.tables.results import Files
from tests.fixtures import commands

from synthserve._output.destinations import write_whole

QUICK_TABLES = ("magic",)
SPEED_ROWS, QUICK_SPEED_ROWS = 100_000, 10_000


class FailedError(Exception):
    """A process failed; the message says how."""


def main() -> int:
    """Runs the comparison; the exit code is 1 when something failed."""
    arguments = parsed()
    if not PEERS_PYTHON.exists():
        raise RuntimeError("the peers are not installed; make .venv-peers-tables/.done installs them")
    chosen = [model for model in MODELS if _wanted(model, arguments)]
    failed = False
    for table in arguments.tables or (QUICK_TABLES if arguments.quick else datasets.NAMES):
        folder = arguments.results / ("quick" if arguments.quick else "") / table
        prepare(table, arguments.data, folder)
        for model in chosen:
            files = Files(folder, model)
            measure(files, arguments)
            failed |= "error" in files.read()
    found = page.read(arguments.results / ("quick" if arguments.quick else ""))
    text = page.tables(found, arguments.data / "tables" / "published_tabpc")
    print(text)
    if arguments.page:
        write_whole(arguments.page, page.replaced(arguments.page.read_text(), text).encode())
    return int(failed)


def parsed() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = os.environ.get("SYNTHSERVE_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        required=known is None,
        default=known and Path(known),
        help="the folder of the real datasets; default: SYNTHSERVE_DATA",
    )
    parser.add_argument("--results", type=Path, required=True, help="where results are kept, outside the repository")
    parser.add_argument("--tables", action="append", choices=datasets.NAMES, help="only these; may come again")
    parser.add_argument(
        "--models", action="append", choices=[model.name for model in MODELS], help="only these; may come again"
    )
    parser.add_argument("--quick", action="store_true", help="one table, the fast models, one XGBoost setting")
    parser.add_argument("--again", action="store_true", help="train and measure again what is there")
    parser.add_argument("--metrics-again", action="store_true", help="measure the rows that are there again")
    parser.add_argument("--limit", type=commands.seconds, default=3600.0, help="of a training, s; default: %(default)s")
    parser.add_argument("--seed", type=commands.count, default=1)
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables into this page, between its marks")
    return parser.parse_args()


def _wanted(model: Model, arguments: argparse.Namespace) -> bool:
    return model.name in arguments.models if arguments.models else model.quick or not arguments.quick


def prepare(table: str, data: Path, folder: Path) -> None:
    """Writes the rows and roles of a table to its folder, if they are not there."""
    if (folder / "roles.json").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    dataset = datasets.load(table, data)
    for name, rows in (("train", dataset.train), ("held_out", dataset.held_out)):
        write_rows(rows, folder / f"{name}.parquet")
    dataset.train.to_csv(folder / "train.csv", index=False)
    (folder / "facts.json").write_text(json.dumps({"train": len(dataset.train), "held_out": len(dataset.held_out)}))
    dataset.roles.write(folder / "roles.json")


def measure(files: Files, arguments: argparse.Namespace) -> None:
    """Trains a model and measures its rows, where that has not been done."""
    if arguments.again:
        files.forget()
    if arguments.metrics_again:
        files.metrics.unlink(missing_ok=True)
    if files.model != HELD_OUT and not files.timings.is_file():
        _kept(files.timings, lambda: _trained(files, arguments))
    if (files.model == HELD_OUT or files.rows.is_file()) and not files.metrics.is_file():
        _kept(files.metrics, lambda: _measured(files, arguments))


def _kept(path: Path, work: Any) -> None:
    print(f"{path.parent.name}: {path.stem} …", file=sys.stderr, flush=True)
    try:
        found = work()
    except FailedError as error:
        found = {"error": str(error)}
    write_whole(path, json.dumps(found, indent=1).encode())


def _trained(files: Files, arguments: argparse.Namespace) -> dict[str, Any]:
    facts = json.loads((files.folder / "facts.json").read_text())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "work").mkdir()
        job = Job(
            parquet=str(files.folder / "train.parquet"),
            csv=str(files.folder / "train.csv"),
            roles_file=str(files.folder / "roles.json"),
            seed=arguments.seed,
            rows=facts["train"],
            speed_rows=QUICK_SPEED_ROWS if arguments.quick else SPEED_ROWS,
            output=str(files.rows),
            timings=str(folder / "timings.json"),
            folder=str(folder / "work"),
        )
        job.write(folder / "job.json")
        load = os.getloadavg()[0]
        peak = watched(files.model.command(folder / "job.json"), files.log, arguments.limit)
        return {**json.loads((folder / "timings.json").read_text()), "peak_mib": round(peak), "load_before": load}


def _measured(files: Files, arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        job = MetricsJob(
            train=str(files.folder / "train.parquet"),
            held_out=str(files.folder / "held_out.parquet"),
            synthetic=None if files.model == HELD_OUT else str(files.rows),
            roles_file=str(files.folder / "roles.json"),
            seed=arguments.seed,
            quick=arguments.quick,
            output=str(folder / "figures.json"),
        )
        job.write(folder / "job.json")
        command = [str(PEERS_PYTHON), "-m", "tests.benchmarks.tables.metrics.command", str(folder / "job.json")]
        watched(command, files.log, arguments.limit)
        figures: dict[str, Any] = json.loads((folder / "figures.json").read_text())
        return figures


def watched(command: Sequence[str], log: Path, limit: float) -> float:
    """Runs a process to its end.

    Args:
        command: What starts it.
        log: What it prints is added here.
        limit: Seconds after which it is ended, with its children.

    Returns:
        The peak of its memory, MiB.

    Raises:
        FailedError: It failed, or ran out of time; the message has the last line that it printed.
    """
    with log.open("a") as output:
        # In a session of its own, so that its children are ended with it.
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)
        try:
            with Usage(process.pid) as usage:
                status = process.wait(limit)
        except subprocess.TimeoutExpired:
            raise FailedError(f"not done after {limit / 60:.0f} minutes") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status:
        last = [line for line in log.read_text(errors="replace").splitlines() if line.strip()][-1:]
        raise FailedError(f"exit status {status}: {last[0][:200] if last else ''}")
    return usage.peak_mib


if __name__ == "__main__":
    commands.run(main)
