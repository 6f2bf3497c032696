"""Plays the cases with one language's runner, and compares what it says with what is expected."""

import json
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from tests.conformance import oracle, vectors
from tests.conformance.servers import Connections, KillableServer, killable_server
from tests.conformance.vectors import Case, Outcome

SECONDS = 240.0
"""After so long a runner is taken for hung."""


@dataclass(frozen=True)
class Verdict:
    """Whether a case went as expected; what differs, in words."""

    case: str
    differences: Sequence[str]

    @property
    def passed(self) -> bool:
        return not self.differences


class Said:
    """What a runner said of each case."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.malformed: dict[str, str] = {}
        self.paused: set[str] = set()
        self.complaint = ""

    def verdict(self, case: Case) -> Verdict:
        got = self.outcomes.get(case.name)
        if got is None:
            silence, self.complaint = f"the runner said nothing of it{self.complaint}", ""
            return Verdict(case.name, [self.malformed.get(case.name, silence)])
        differences = vectors.differences(case.expect, got)
        if case.pause_after is not None and case.name not in self.paused:
            differences.append("it did not pause, so the server was not killed")
        if case.seed is None and got.seed is not None and case.count is not None:
            # The vectors cannot hold the digest for a seed that the server draws.
            wanted = oracle.table_digest(int(got.seed), 0, int(case.count))
            if got.sha256 != wanted:
                differences.append(f"sha256 is {got.sha256}, not {wanted} as seed {got.seed} gives")
        return Verdict(case.name, differences)


def play(runner: Sequence[str], cwd: Path, cases: Sequence[Case], steady: Connections, folder: Path) -> list[Verdict]:
    """Plays all cases and judges them; the arguments are those of `outcomes`.

    Returns:
        A verdict for each case, in their order.
    """
    said = outcomes(runner, cwd, cases, steady, folder)
    return [said.verdict(case) for case in cases]


def outcomes(runner: Sequence[str], cwd: Path, cases: Sequence[Case], steady: Connections, folder: Path) -> Said:
    """Plays all cases.

    Args:
        runner: The command, without the file that it reads.
        cwd: Where it is run.
        cases: What to play.
        steady: The connections to servers that are not killed.
        folder: A new folder for the play's files; what the runner complains of is in `errors.txt`.
    """
    with killable_server(folder) as server:
        file = folder / "play.json"
        vectors.write_play(cases, {"main": {"target": server.address}, **steady}, file)
        complaints = folder / "errors.txt"
        with (
            complaints.open("w") as errors,
            subprocess.Popen(
                [*runner, str(file)], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            ) as process,
        ):
            hung = threading.Timer(SECONDS, process.kill)
            hung.start()
            try:
                said = _listen(process, server)
                status = process.wait()
            finally:
                hung.cancel()
                process.kill()
    if status:
        said.complaint = f"; exit status {status}: {complaints.read_text()[-500:].strip()}"
    return said


def _listen(process: subprocess.Popen[str], server: KillableServer) -> Said:
    """Hears what the runner says; where it pauses, kills the server and has it come back."""
    assert process.stdin is not None
    assert process.stdout is not None
    said = Said()
    for line in process.stdout:
        content = json.loads(line)
        name = content.pop("case")
        if content.pop("paused", False):
            said.paused.add(name)
            server.kill()
            process.stdin.write("\n")
            process.stdin.flush()
            # The client meets refused connections first, as it would in life.
            server.renew()
            server.start()
            continue
        try:
            said.outcomes[name] = Outcome.model_validate(content)
        except ValidationError as error:
            said.malformed[name] = f"the runner's answer is not one: {error}"
    return said
