"""What was found out, as a table of cases and languages."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from tests.conformance.play import Verdict


def print_table(columns: Mapping[str, Sequence[Verdict]], console: Console) -> None:
    """Prints a line for each case and a column for each language, and below it what differs."""
    found = {name: {verdict.case: verdict for verdict in verdicts} for name, verdicts in columns.items()}
    cases = list(dict.fromkeys(verdict.case for verdicts in columns.values() for verdict in verdicts))
    table = Table("case", *(Column(name, justify="center") for name in found))
    for case in cases:
        table.add_row(case, *(_mark(verdicts.get(case)) for verdicts in found.values()))
    console.print(table)
    for name, verdicts in found.items():
        for verdict in verdicts.values():
            for difference in verdict.differences:
                console.print(Text(f"{name}, {verdict.case}: {difference}", style="red"))


def _mark(verdict: Verdict | None) -> Text:
    if verdict is None:
        return Text("–")
    return Text("✓", "green") if verdict.passed else Text("✗", "bold red")
