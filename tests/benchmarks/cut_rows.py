"""Draws rows of a table model at once and in random pieces: they must be the same bytes.

`python -m tests.benchmarks.cut_rows --rows 1000000` compares so many, without conditions and under each kind of them.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from tests.fixtures import commands

import synthserve_core
from synthserve_core import AnyOf, Between, LocalModel, Missing
from synthserve_core.contract.conditions import Test

MODEL = Path(__file__).parents[2] / "exported/adult-ar/1"
CONDITIONS: Mapping[str, Mapping[str, Test]] = {
    "no condition": {},
    "a range": {"age": Between("30", "40")},
    "a set": {"education": AnyOf(("Bachelors", "Masters"))},
    "missing": {"occupation": Missing()},
    "all three": {
        "age": Between("30", "40"),
        "education": AnyOf(("Bachelors", "Masters")),
        "native-country": Missing(),
    },
}
_SEED = 7


def pieces(rows: int, seed: int) -> Iterator[tuple[int, int]]:
    """Cuts rows at random: the first and the one after the last of each piece. Most are small, and some are large."""
    draw = np.random.Generator(np.random.Philox(key=seed))
    start = 0
    while start < rows:
        end = min(rows, start + int(np.exp(draw.uniform(0, np.log(max(rows / 4, 2))))))
        yield start, end
        start = end


def differing(model: LocalModel, rows: int, where: Mapping[str, Test], cut_seed: int = 0) -> list[tuple[int, int]]:
    """The pieces in which rows are not the bytes of those that are drawn at once.

    Args:
        model: A table model.
        rows: How many are drawn.
        where: Conditions.
        cut_seed: Of the pieces, which are drawn in random order.
    """
    whole = model.samples(seed=_SEED, count=rows, where=where)
    cut = list(pieces(rows, cut_seed))
    np.random.Generator(np.random.Philox(key=cut_seed, counter=1)).shuffle(cut)
    found = []
    for start, end in cut:
        part = model.samples(seed=_SEED, start=start, count=end - start, where=where)
        if any(values.tobytes() != whole[key][start:end].tobytes() for key, values in part.items()):
            found.append((start, end))
    return found


def main() -> int:
    """Compares, and prints a line for each set of conditions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL, help="the folder of a package with the columns of Adult")
    parser.add_argument("--rows", type=commands.count, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0, help="of the pieces")
    given = parser.parse_args()
    model, failed = synthserve_core.load(given.model), False
    for name, where in CONDITIONS.items():
        started = time.perf_counter()
        found = differing(model, given.rows, where, given.seed)
        result = f"{len(found)} pieces differ, the first is {found[0]}" if found else "the same bytes"
        count = sum(1 for _ in pieces(given.rows, given.seed))
        seconds = time.perf_counter() - started
        print(f"{name:<14} {given.rows:>12,} rows in {count:,} pieces: {result}, {seconds:.0f} s", flush=True)
        failed |= bool(found)
    return int(failed)


if __name__ == "__main__":
    commands.run(main)
