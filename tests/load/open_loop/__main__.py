"""Raises the load on a server step by step until it does not keep up, and writes a report with the curves.

    python -m tests.load.open_loop --output load-report/index.html
    python -m tests.load.open_loop --target 127.0.0.1:50051 --profile tests/load/profiles/rows.toml

Without --target a server is started on a free loopback port. docs/load.md explains profiles and the
report. Exits with 2 when the test cannot run, after one line that says why.
"""

import argparse
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from scripts.server_process import running_server
from tests.fixtures import commands
from tests.load.open_loop import ghz, knee, machine, profiles, report, run, target
from tests.load.open_loop.drivers import Drivers
from tests.load.open_loop.errors import LoadError, ProfileError, TargetError
from tests.load.open_loop.machine import Meter
from tests.load.open_loop.profiles import Profile
from tests.load.open_loop.run import Result
from tests.load.open_loop.target import Target

import synthserve
from synthserve._output.destinations import appears_whole

BAD_USE = 2
INTERRUPTED = 130

PROFILES = Path(__file__).parents[1] / "profiles"
"""Those that are run when none is named."""

GHZ_SECONDS = 3.0
GHZ_PART = 0.6
"""Of the knee: the rate for ghz is that of a step up to here, so that the two can be compared."""


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m tests.load.open_loop",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--profile", type=Path, action="append", metavar="FILE", help="can be repeated; else all of them")
    made.add_argument("--output", type=Path, default=Path("load-report/index.html"), metavar="FILE")
    made.add_argument("--drivers", type=commands.count, default=1, help="processes that make the calls [1]")
    made.add_argument("--no-ghz", action="store_true", help="without the second opinion of ghz")
    own = made.add_argument_group("a server that is started for the test")
    own.add_argument("--model-repository", type=Path, default=Path("exported"), metavar="FOLDER")
    own.add_argument("--device", default="auto")
    other = made.add_argument_group("a server that runs")
    other.add_argument("--target", metavar="HOST:PORT")
    other.add_argument("--allow-remote", action="store_true", help="the target is yours, though it is another machine")
    other.add_argument("--tls", action="store_true", help="connect over TLS, with the authorities that gRPC knows")
    other.add_argument("--tls-ca", type=Path, metavar="FILE", help="over TLS, with these authorities (PEM)")
    other.add_argument("--tls-client-certificate", type=Path, metavar="FILE")
    other.add_argument("--tls-client-key", type=Path, metavar="FILE")
    other.add_argument("--token-file", type=Path, metavar="FILE", help="the bearer token to send")
    other.add_argument("--insecure-token", action="store_true", help="send it in plain text to another machine")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; see the top of the file."""
    options = parser().parse_args(arguments)
    try:
        _run(
            options,
            shlex.join(["python", "-m", "tests.load.open_loop", *(sys.argv[1:] if arguments is None else arguments)]),
        )
    except (LoadError, synthserve.SynthserveError, OSError) as error:
        print(f"load test: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_USE
    except KeyboardInterrupt:
        print("load test: interrupted; the report has the profiles that were done", file=sys.stderr)
        return INTERRUPTED
    return 0


def _run(options: argparse.Namespace, command: str) -> None:
    started = time.monotonic()
    chosen = _profiles(options.profile or sorted(PROFILES.glob("*.toml")))
    report.check_place(options.output)
    with _server(options) as (server, pid):
        for profile in chosen.values():
            target.check_answer(server, profile.call)
        binary, about_ghz = _ghz(options)
        setting = report.Setting(
            begun=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            command=command,
            target=server.address,
            own=pid is not None,
            drivers=options.drivers,
            machine=machine.describe(),
            cores=os.cpu_count() or 1,
            versions=machine.versions(),
            ghz=about_ghz,
        )
        results = []
        with Drivers(options.drivers, server) as drivers:
            for name, profile in chosen.items():
                print(f"\n{name}: {profile.title}", flush=True)
                result = run.measure(name, profile, drivers, Meter(pid), _say)
                if binary:
                    result.ghz.extend(_second_opinion(binary, server, result))
                print(f"  {result.knee.headline.upper()}. {result.knee.sentence}", flush=True)
                results.append(result)
                # After each one, so that an interrupted test leaves what it has; but a pipe gets one report.
                if appears_whole(options.output) or len(results) == len(chosen):
                    report.write(options.output, setting, results, time.monotonic() - started)
    print()
    for result in results:
        print(f"{result.name:<16} {result.knee.headline}")
    print(f"report: {options.output}")


def _profiles(files: Sequence[Path]) -> dict[str, Profile]:
    """By name, which is that of the file."""
    found: dict[str, Profile] = {}
    for file in files:
        if file.stem in found:
            raise ProfileError(f"{file}: there are two profiles of the name {file.stem}")
        found[file.stem] = profiles.read(file)
    return found


@contextmanager
def _server(options: argparse.Namespace) -> Iterator[tuple[Target, int | None]]:
    """The server to load, and its process ID where it is one of ours."""
    if options.target is None:
        with ExitStack() as stack:
            log = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "log.txt"
            own = running_server(options.model_repository, log, "--device", options.device)
            try:
                server = stack.enter_context(own)
            except RuntimeError as error:
                raise TargetError(str(error)) from None
            yield Target(server.address), server.process.pid
        return
    target.check_allowed(options.target, allow_remote=options.allow_remote)
    certificate, key = options.tls_client_certificate, options.tls_client_key
    yield (
        Target(
            address=options.target,
            tls=bool(options.tls or options.tls_ca or certificate or key),
            ca=options.tls_ca,
            certificate=certificate,
            key=key,
            token_file=options.token_file,
            insecure_token=options.insecure_token,
        ),
        None,
    )


def _ghz(options: argparse.Namespace) -> tuple[Path | None, str]:
    """The command, if there is one, and what the report says about it."""
    if options.no_ghz:
        return None, "left out (--no-ghz)"
    try:
        return ghz.install(_say), ghz.VERSION
    except ghz.GhzError as error:
        print(f"without the second opinion of ghz: {error}", file=sys.stderr, flush=True)
        return None, f"left out: {error}"


def _second_opinion(binary: Path, server: Target, result: Result) -> Iterator[ghz.GhzRun]:
    """What ghz finds: at a rate that was held, well below the knee, and with as many calls as some callers can make."""
    held = result.knee.held
    rates: list[int | None] = [None]
    if held:
        below = [step.rate for step in result.steps if step.rate <= GHZ_PART * held.rate]
        rates.insert(0, max(1, round(max(below, default=held.rate))))
    for rate in rates:
        try:
            found = ghz.run(binary, server, result.profile, GHZ_SECONDS, rate)
        except ghz.GhzError as error:
            print(f"  ghz: {error}", file=sys.stderr, flush=True)
            continue
        whole = (
            f"p50 {knee.milliseconds(found.whole.p50)}, p99 {knee.milliseconds(found.whole.p99)} ms"
            if found.whole
            else ""
        )
        how = f"{rate} calls/s offered" if rate else f"{found.callers} callers"
        _say(f"ghz, {how}: {knee.number(found.answered_rate)} calls/s answered, {whole}")
        yield found


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


if __name__ == "__main__":
    commands.run(main)
