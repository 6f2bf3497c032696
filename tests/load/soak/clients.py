"""The well-behaved clients: they read whole streams, over whatever happens to the server, and look at what they got."""

import random
import threading
from concurrent.futures import Future

from tests.load.soak.cases import Case, Content, References
from tests.load.soak.loop import Loop
from tests.load.soak.tally import Tally

import synthserve

PATIENT = synthserve.RetryPolicy(
    start_attempts=10_000, resume_attempts=10_000, initial_backoff=0.05, max_backoff=1.0, multiplier=1.5
)

CALLS_A_CLIENT = 10
"""How many streams to read over one connection before it is closed and another one made."""


class Clients:
    """Threads and tasks that read streams while they are let."""

    def __init__(self, address: str, loop: Loop, references: References, tally: Tally, seed: int) -> None:
        self._address = address
        self._loop = loop
        self._references = references
        self._tally = tally
        self._seed = seed
        self._round = 0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._tasks: list[Future[None]] = []
        self._open: set[synthserve.Client] = set()
        self._given_up = False

    def start(self, threads: int, tasks: int) -> None:
        """Begins to load the server."""
        self._round += 1
        self._stop.clear()
        self._threads = [
            threading.Thread(target=self._in_thread, args=(f"{self._round}/thread {number}",))
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()
        self._tasks = [self._loop.start(self._in_task(f"{self._round}/task {number}")) for number in range(tasks)]

    def rest(self) -> None:
        """Lets every stream come to its end, and begins no other; closes all connections."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for task in self._tasks:
            task.exception()
        if left := self._loop.tasks():
            self._tally.violation(f"{left} tasks are left in the clients' event loop")

    def give_up(self) -> None:
        """Cancels everything."""
        self._given_up = True
        self._stop.set()
        for client in list(self._open):
            client.close()
        for thread in self._threads:
            thread.join()
        for task in self._tasks:
            task.cancel()

    def _in_thread(self, name: str) -> None:
        chance = random.Random(f"{self._seed}/{name}")  # noqa: S311 - guards nothing
        while not self._stop.is_set():
            with synthserve.Client(self._address, retry=PATIENT) as client:
                self._open.add(client)
                for _ in range(CALLS_A_CLIENT):
                    if self._stop.is_set():
                        break
                    case, seed = self._references.pick(chance)
                    try:
                        self._judge(case, seed, case.read(client, seed))
                    except synthserve.SynthserveError as error:
                        self._failed(case, error)
                self._open.discard(client)

    async def _in_task(self, name: str) -> None:
        chance = random.Random(f"{self._seed}/{name}")  # noqa: S311 - guards nothing
        while not self._stop.is_set():
            async with synthserve.AsyncClient(self._address, retry=PATIENT) as client:
                for _ in range(CALLS_A_CLIENT):
                    if self._stop.is_set():
                        break
                    case, seed = self._references.pick(chance)
                    try:
                        self._judge(case, seed, await case.read_async(client, seed))
                    except synthserve.SynthserveError as error:
                        self._failed(case, error)

    def _judge(self, case: Case, seed: int, content: Content) -> None:
        wanted, found = self._references.of(case, seed), content.found()
        self._tally.finished(case.name, content.samples)
        if found != wanted:
            self._tally.differs(f"{case.name}, seed {seed}", only_compression=found[0] == wanted[0])

    def _failed(self, case: Case, error: synthserve.SynthserveError) -> None:
        if not self._given_up:
            notes = "; ".join(getattr(error, "__notes__", []))
            self._tally.violation(f"{case.name} failed: {type(error).__name__}: {error} {notes}")
