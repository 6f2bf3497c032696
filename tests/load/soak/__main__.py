"""Loads a server for a long time while faults are injected, and checks its answers and its memory.

    python -m tests.load.soak --minutes 30 --seed 7

The run is a row of rounds. In each, clients of all kinds read streams and compare every one with a reference, and an
injector cancels, stalls, kills and sends nonsense. Then all come to rest, and the server must hold no more file
descriptors and threads than at the start of the round; its memory must have been flat. Load sets in again, and under it
the server is killed or terminated and started anew on the same port; the streams go on. The same seed gives the same
clients and faults (not the same times). Exits with 1 when anything was wrong; Ctrl-C ends the run with what it has.
"""

import argparse
import logging
import random
import signal
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
from tests.fixtures import commands, packages
from tests.fixtures.processes import held_address, running_server
from tests.fixtures.serving import Holdings
from tests.load.soak.cases import References
from tests.load.soak.clients import Clients
from tests.load.soak.faults import Injector
from tests.load.soak.loop import Loop
from tests.load.soak.tally import Breaks, Generation, Tally

import synthserve

ALLOWED_GROWTH = 48.0
"""MiB by which a generation of the server may grow under load, see `Generation.growth`."""

ALLOWED_THREADS = 4
"""Threads by which gRPC's own pool may be larger than at the start."""

ROUND_SECONDS = 120.0
"""How long a round loads the server before it rests; shorter runs have at least five rounds."""

LEVELS = [(1, 1), (4, 4), (12, 12)]
"""Threads and tasks that read, by round."""

UNDER_LOAD_SECONDS = 3.0
REST_SECONDS = 60.0


class Soak:
    """One run."""

    def __init__(self, folder: Path, address: str, seed: int) -> None:
        self.tally = Tally()
        self.generations: list[Generation] = []
        self.stopping = threading.Event()
        self._folder = folder
        self._address = address
        self._chance = random.Random(f"{seed}/rounds")  # noqa: S311 - guards nothing
        self._seed = seed
        self._repository = packages.write_repository(folder / "models")
        packages.write_package(self._repository, "paced", packages.paced_graph(), packages.PACED_MANIFEST)
        self._loop = Loop()
        self._injector = Injector(address, self._loop, self.tally, seed)
        self._stack = ExitStack()

    def run(self, seconds: float) -> None:
        """Loads and breaks for so long, or until it is stopped."""
        end = time.monotonic() + seconds
        round_seconds = min(ROUND_SECONDS, seconds / 5)
        self._serve()
        with synthserve.Client(self._address) as client:
            references = References(client)
        self._clients = Clients(self._address, self._loop, references, self.tally, self._seed)
        self._measure_start()
        client_start = Holdings.of(psutil.Process())
        number = 0
        try:
            while time.monotonic() < end and not self.stopping.is_set():
                level = LEVELS[number % len(LEVELS)]
                self._load(level, min(round_seconds, max(end - time.monotonic(), 1.0)))
                if self.stopping.is_set() or time.monotonic() >= end:
                    break
                self._break(level, [signal.SIGKILL, signal.SIGTERM][number % 2])
                number += 1
        finally:
            if self.stopping.is_set():
                self._injector.rest()
                self._clients.give_up()
        self._end(client_start)

    def _serve(self) -> None:
        number = len(self.generations) + 1
        log = self._folder / f"server-{number}.txt"
        flags = ["--listen", self._address, "--grace-seconds", "1", "--log-format", "json"]
        server = self._stack.enter_context(running_server(self._repository, log, *flags))
        process = psutil.Process(server.process.pid)
        self.generations.append(Generation(number, server, process, Holdings.of(process)))

    def _measure_start(self) -> None:
        generation = self.generations[-1]
        self._warm_up()
        generation.start = Holdings.of(generation.process)
        print(f"server {generation.number}: {generation.start}", flush=True)

    def _warm_up(self) -> None:
        """Makes the server start the threads that it starts when it first needs them."""
        self._clients.start(2, 2)
        self.stopping.wait(2)
        self._clients.rest()

    def _load(self, level: tuple[int, int], seconds: float) -> None:
        """Loads and breaks, rests, and looks at what is left."""
        generation = self.generations[-1]
        self._clients.start(*level)
        self._injector.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.stopping.wait(1):
            generation.memory.append(Holdings.of(generation.process).memory)
        if self.stopping.is_set():
            return
        self._injector.rest()
        self._clients.rest()
        self._look_at_rest(generation)
        if (grown := generation.growth()) > ALLOWED_GROWTH:
            self.tally.violation(f"server {generation.number} grew by {grown:.0f} MiB under load")

    def _look_at_rest(self, generation: Generation) -> None:
        """Waits until nothing is left of the load; says so if something stays."""
        end = time.monotonic() + REST_SECONDS
        while True:
            held = Holdings.of(generation.process)
            computed = sum(generation.process.cpu_times()[:2])
            time.sleep(0.5)
            at_work = sum(generation.process.cpu_times()[:2]) - computed > 0.25
            settled = (
                held.descriptors <= generation.start.descriptors
                and held.threads <= generation.start.threads + ALLOWED_THREADS
                and not at_work
            )
            if settled or time.monotonic() > end:
                break
        generation.end = held
        if not settled:
            state = "computing" if at_work else "idle"
            self.tally.violation(
                f"server {generation.number} at rest: {held}, {state}; at the start {generation.start}"
            )

    def _break(self, level: tuple[int, int], how: signal.Signals) -> None:
        """Ends the server under load, and starts the next one."""
        generation = self.generations[-1]
        self._clients.start(*level)
        self.stopping.wait(UNDER_LOAD_SECONDS * self._chance.uniform(0.2, 1))
        generation.server.process.send_signal(how)
        code = generation.server.process.wait()
        self.tally.fault("server killed" if how is signal.SIGKILL else "server terminated")
        if code != (-how if how is signal.SIGKILL else 0) and not self.stopping.is_set():
            self.tally.violation(f"server {generation.number} ended with {code} after {how.name}")
        self._look_at_log(generation)
        self._serve()
        self._clients.rest()
        if not self.stopping.is_set():
            self._measure_start()

    def _look_at_log(self, generation: Generation) -> None:
        log = generation.server.log.read_text()
        for line in log.splitlines():
            if '"level": "error"' in line or "Traceback" in line or "never retrieved" in line:
                self.tally.violation(f"server {generation.number} logged: {line[:500]}")

    def _end(self, client_start: Holdings) -> None:
        """Ends the last server, at rest."""
        generation = self.generations[-1]
        generation.server.process.terminate()
        code = generation.server.process.wait()
        if not self.stopping.is_set():
            if code:
                self.tally.violation(f"server {generation.number} ended with {code} at rest")
            draining = [line for line in generation.server.log.read_text().splitlines() if '"draining"' in line]
            if '"calls": 0' not in draining[-1]:
                self.tally.violation(f"calls under way at rest: {draining[-1]}")
            held = Holdings.of(psutil.Process())
            # Of each server, log and standard output are still open.
            if held.descriptors > client_start.descriptors + 2 * (len(self.generations) - 1):
                self.tally.violation(f"the clients hold {held}; at the start {client_start}")
        self._look_at_log(generation)
        self._stack.close()
        self._loop.close()

    def summary(self) -> str:
        """What was done and found."""
        tally, first, last = self.tally, self.generations[0], self.generations[-1]
        lines = [
            f"{tally.requests.total():,} streams read to their end, {tally.samples:,} samples:",
            *(f"  {count:>9,} {name}" for name, count in sorted(tally.requests.items())),
            f"{tally.faults.total():,} faults:",
            *(f"  {count:>9,} {name}" for name, count in sorted(tally.faults.items())),
            f"{tally.breaks:,} times a stream broke and went on",
            f"{tally.wrong:,} streams with wrong content",
            f"{tally.recompressed:,} streams of right pictures in files that were compressed in another way",
            f"{len(self.generations)} servers, each at rest before and after its load:",
            *(f"  {g.number:>9} {g.start}; then {g.end}; under load {g.growth():+.0f} MiB" for g in self.generations),
            f"memory {first.start.memory:.0f} MiB at the start, {(last.end or last.start).memory:.0f} MiB at the end",
            f"{len(tally.violations)} violations",
            *(f"  {violation}" for violation in tally.violations),
        ]
        return "\n".join(lines)


def connections(server: psutil.Process) -> str:
    """The connections of a server: their states, and how many of them have this process at the other end."""
    own = {link.laddr for link in psutil.Process().net_connections("tcp")}
    links = [link for link in server.net_connections("tcp") if link.raddr]
    ports = {address.port for address in own if address}
    here = sum(link.raddr.port in ports for link in links)
    return f"connections {[link.status for link in links]}, {here} of them from here"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=commands.seconds, default=30.0)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, held_address() as address:
        soak = Soak(Path(folder), address, arguments.seed)
        signal.signal(signal.SIGINT, lambda *_: soak.stopping.set())
        client_log = logging.getLogger("synthserve")
        client_log.setLevel(logging.INFO)
        client_log.addHandler(Breaks(soak.tally))
        started = time.monotonic()
        soak.run(arguments.minutes * 60)
        interrupted = " (interrupted)" if soak.stopping.is_set() else ""
        print(f"\n{(time.monotonic() - started) / 60:.1f} minutes, seed {arguments.seed}{interrupted}")
        print(soak.summary(), flush=True)
    return int(bool(soak.tally.violations))


if __name__ == "__main__":
    commands.run(main)
