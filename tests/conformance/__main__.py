"""Builds the clients, plays the conformance cases with each, and prints a table of cases and languages.

    python -m tests.conformance                 # all of them
    python -m tests.conformance go rust         # some
    python -m tests.conformance --no-checks go  # without the client's linters and unit tests

Exits with 1 when anything is not as expected, also when a language's tools are missing.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from tests.conformance import examples, vectors
from tests.conformance.examples import Reference
from tests.conformance.languages import LANGUAGES, Command, Language
from tests.conformance.play import Verdict, play
from tests.conformance.servers import Connections, steady_servers
from tests.conformance.table import print_table


def main() -> int:
    arguments = _arguments()
    chosen = [language for language in LANGUAGES if not arguments.languages or language.folder in arguments.languages]
    columns: dict[str, Sequence[Verdict]] = {}
    with (
        tempfile.TemporaryDirectory() as temporary,
        steady_servers(Path(temporary)) as steady,
        examples.reference(Path(temporary)) as reference,
    ):
        for language in chosen:
            began = time.monotonic()
            verdicts = _verdicts(
                language, steady, reference, Path(temporary) / language.folder, checks=arguments.checks
            )
            columns[language.name] = verdicts
            failed = sum(not verdict.passed for verdict in verdicts)
            outcome = f"{failed} not as expected" if failed else "all as expected"
            print(f"{language.name}: {outcome}, {time.monotonic() - began:.0f} s", flush=True)
    print_table(columns, Console())
    return any(not verdict.passed for verdicts in columns.values() for verdict in verdicts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="*", choices=[[], *(language.folder for language in LANGUAGES)])
    parser.add_argument("--no-checks", dest="checks", action="store_false")
    return parser.parse_args()


def _verdicts(
    language: Language, steady: Connections, reference: Reference, folder: Path, *, checks: bool
) -> list[Verdict]:
    """Everything that is found out about a language."""
    if language.missing:
        return [Verdict("it builds", [f"{', '.join(language.missing)} must be installed"])]
    builds = _commands("it builds", language.build, language.cwd)
    if not builds.passed:
        return [builds]
    folder.mkdir()
    return [
        builds,
        *([_commands("its lint and unit tests", language.check, language.cwd)] if checks and language.check else []),
        examples.check(language.example, reference, folder / "example"),
        *play(language.runner, language.cwd, vectors.read(), steady, folder / "play"),
    ]


def _commands(name: str, commands: Sequence[Command], cwd: Path) -> Verdict:
    """Runs commands until one fails."""
    for command in commands:
        ended = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if ended.returncode:
            return Verdict(name, [f"{shlex.join(command)} ended with {ended.returncode}:\n{ended.stdout[-4000:]}"])
    return Verdict(name, [])


if __name__ == "__main__":
    sys.exit(main())
