"""What an evaluation costs, and whether it reproduces the package's report.

    python -m tests.benchmarks.evaluations [--model iris-vae] [--data-dir FOLDER] [--kept]

`synthserve-train evaluate` evaluates each of the models, with a new cache that all of them share: the first model of a
dataset of pictures also computes the features of the real ones. With `--kept` the user's own cache is used. The table
has the minutes, the largest resident memory, and how many of the figures are the same: to six digits, or within their
spread. The others are listed.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.models import newest
from tests.fixtures import commands

from synthserve_training.evaluation.figures import Figure, Report, read

TRAINER = Path(sys.executable).with_name("synthserve-train")


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes:
        seconds: From its start to its end.
        mebibytes: Its largest resident memory, or that of a process it started, whichever had more.
    """

    seconds: float
    mebibytes: float


def main() -> None:
    """Evaluates, and prints a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument("--model", action="append", help="which; default: all")
    parser.add_argument("--data-dir", type=Path, help="folder with the datasets; else they are downloaded")
    parser.add_argument("--kept", action="store_true", help="use the cache that there is")
    options = parser.parse_args()
    folders = newest(options.model_repository)
    models = options.model or list(folders)
    print("| model | minutes | MiB at most | the same | within the spread | others |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ} if options.kept else {**os.environ, "XDG_CACHE_HOME": cache}
        for model in models:
            committed = read(folders[model] / "report" / "report.json")
            with tempfile.TemporaryDirectory() as folder:
                flags = ["--repository", str(options.model_repository), "--output", f"{folder}/report"]
                if committed.repeats and is_table(folders[model]):
                    flags += ["--retrain", str(committed.repeats)]
                if options.data_dir:
                    flags += ["--data-dir", str(options.data_dir)]
                cost = run(["evaluate", model, "--version", str(committed.version), *flags], environment, Path(folder))
                found = read(Path(folder) / "report" / "report.json")
            print(row(committed, found, cost), flush=True)


def is_table(folder: Path) -> bool:
    """Whether a package generates a table."""
    return "table" in json.loads((folder / "manifest.json").read_bytes())


def run(arguments: list[str], environment: dict[str, str], folder: Path) -> Cost:
    """Runs the trainer and waits for it.

    Raises:
        RuntimeError: It failed; with the end of what it said.
    """
    log = folder / "log.txt"
    started = time.perf_counter()
    with log.open("wb") as output:
        streams = [(os.POSIX_SPAWN_DUP2, output.fileno(), descriptor) for descriptor in (1, 2)]
        process = os.posix_spawn(TRAINER, [str(TRAINER), *arguments], environment, file_actions=streams)
        _, status, usage = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{log.read_text()[-2000:]}")
    return Cost(time.perf_counter() - started, usage.ru_maxrss / 1024)


def row(committed: Report, found: Report, cost: Cost) -> str:
    """A row of the table."""
    again = {figure.metric: figure for figure in found.figures()}
    same, within, others = 0, 0, []
    for figure in committed.figures():
        value = again[figure.metric].value
        if math.isclose(value, figure.value, rel_tol=1e-6, abs_tol=1e-9):
            same += 1
        elif within_spread(figure, value):
            within += 1
        else:
            others.append(f"{figure.metric} {figure.value:.4g} → {value:.4g}")
    return (
        f"| `{committed.model}` {committed.version} | {cost.seconds / 60:.1f} | {cost.mebibytes:,.0f} "
        f"| {same} | {within} | {', '.join(others) or '–'} |"
    )


def within_spread(figure: Figure, value: float) -> bool:
    """Whether a value is no further from a figure than its repeats are from each other."""
    return figure.spread is not None and abs(value - figure.value) <= figure.spread


if __name__ == "__main__":
    commands.run(main)
