"""A second opinion: the same calls by ghz, a load generator that others know, which is written in Go.

It measures from when it has begun a call, and the whole call only: beyond the knee, where calls wait to be begun, and
for the first message there is nothing to compare.
"""

import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from tests.load.open_loop import calls
from tests.load.open_loop.figures import Quantiles
from tests.load.open_loop.profiles import Profile
from tests.load.open_loop.target import Target

VERSION = "v0.121.0"
PACKAGE = f"github.com/bojand/ghz/cmd/ghz@{VERSION}"
ROOT = Path(__file__).parents[3]
BINARY = ROOT / ".tools" / f"ghz-{VERSION}" / "ghz"

BUILD_SECONDS = 1800.0
OVER_SECONDS = 30.0
"""How much longer than its calls ghz may take."""

CALLERS = 8
"""Of the run that makes as many calls as it can."""


class GhzError(Exception):
    """ghz is missing or failed; the message says why."""


@dataclass(frozen=True)
class GhzRun:
    """What ghz found."""

    rate: int | None
    """Calls a second that it was to begin; None: it had callers, each with one call after the other."""
    callers: int
    """How many; 0 with a rate."""
    answered_rate: float
    whole: Quantiles | None
    """Of the calls that were answered."""
    outcomes: dict[str, int]
    cores: float = 0.0
    """What ghz itself computed."""


def install(say: Callable[[str], None]) -> Path:
    """Builds ghz, if that was not done before.

    Raises:
        GhzError: There is no Go, or it cannot build it.
    """
    if BINARY.is_file():
        return BINARY
    go = shutil.which("go")
    if go is None:
        raise GhzError("it is built with Go, and there is no command `go`")
    say(f"building ghz {VERSION} with Go, once; about a minute")
    BINARY.parent.mkdir(parents=True, exist_ok=True)
    # It is large: one package at a time, and after everything else that the machine has to do.
    command = ["nice", go, "install", "-p", "1", PACKAGE]
    try:
        built = subprocess.run(
            command,
            env={**os.environ, "GOBIN": str(BINARY.parent)},
            cwd=BINARY.parent,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GhzError(f"`go install {PACKAGE}` did not work: {error}") from None
    if built.returncode or not BINARY.is_file():
        lines = built.stderr.strip().splitlines() or ["without a word"]
        raise GhzError(f"`go install {PACKAGE}` did not work: {lines[-1]}")
    return BINARY


def run(binary: Path, target: Target, profile: Profile, seconds: float, rate: int | None) -> GhzRun:
    """Lets ghz make the calls of a profile.

    Args:
        binary: See `install`.
        target: The server.
        profile: Which calls; how they arrive is of no concern here.
        seconds: For how long.
        rate: How many calls to begin in a second, however many are under way. None: as many as `CALLERS` callers can.

    Raises:
        GhzError: It failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        # In files that only this user can read: arguments can be seen by everybody on the machine.
        metadata = Path(folder) / "metadata.json"
        metadata.touch(mode=0o600)
        metadata.write_text(json.dumps(dict(target.metadata())))
        command = [str(binary), *arguments(target, profile, seconds, rate, metadata)]
        before, started = _children_seconds(), time.monotonic()
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=seconds + profile.load.timeout_seconds + OVER_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GhzError(f"it did not come to an end: {error}") from None
    if done.returncode:
        raise GhzError((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
    cores = (_children_seconds() - before) / (time.monotonic() - started)
    return replace(read(done.stdout, rate), cores=cores)


def _children_seconds() -> float:
    """Processor time of processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def arguments(target: Target, profile: Profile, seconds: float, rate: int | None, metadata: Path) -> list[str]:
    """The arguments of ghz; the folder with the protos is relative to `ROOT`."""
    method = calls.method(profile.call)
    message = calls.request(profile.call, profile.load.seed)
    data = json.dumps(json_format.MessageToDict(message, preserving_proto_field_name=True))
    secured: list[str] = ["--insecure"]
    if target.tls:
        files = (("--cacert", target.ca), ("--cert", target.certificate), ("--key", target.key))
        secured = [part for flag, file in files if file for part in (flag, str(file.absolute()))]
    paced = ["--concurrency", str(CALLERS)] if rate is None else ["--async", "--rps", str(rate)]
    return [
        *secured,
        *paced,
        *("--proto", f"proto/{method.proto}", "--import-paths", "proto", "--call", f"{method.service}/{method.name}"),
        *("--data", data, "--disable-template-functions", "--disable-template-data"),
        *("--metadata-file", str(metadata)),
        *("--connections", str(min(profile.load.connections, CALLERS))),
        *("--timeout", f"{profile.load.timeout_seconds}s", "--duration", f"{seconds}s", "--duration-stop", "wait"),
        *("--format", "json", target.address),
    ]


def read(output: str, rate: int | None) -> GhzRun:
    """Reads the report that ghz writes as JSON, in which times are nanoseconds.

    Raises:
        GhzError: It is none.
    """
    try:
        report: dict[str, Any] = json.loads(output)
        calls = [(str(call["status"]), call["latency"] / 1e9) for call in report["details"]]
        seconds = report["total"] / 1e9
    except (ValueError, KeyError, TypeError) as error:
        raise GhzError(f"its report is not what it should be: {type(error).__name__}: {error}") from None
    answered = [latency for status, latency in calls if status == "OK"]
    return GhzRun(
        rate=rate,
        callers=0 if rate else CALLERS,
        answered_rate=len(answered) / seconds if seconds else 0.0,
        whole=Quantiles.of(answered),
        outcomes=dict(Counter(status for status, _ in calls)),
    )
