"""Processes that encode.

A GPU computes images faster than the threads of one process encode them: whatever of it is Python they do in turns.

Each process has two pipes of its own and shares nothing with the others: one that is killed, at whatever moment,
takes nothing with it but the work that it was at. That is why these are not the pools of `concurrent.futures` or
`multiprocessing`, whose processes answer through one pipe.
"""

import os
import pickle
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, ParamSpec, TypeVar, cast

import structlog

_log = structlog.stdlib.get_logger(__name__)

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_COMMAND = [sys.executable, "-P", "-m", "synthserve_server.scheduling.encoding_child"]

_PAUSE_SECONDS = 5.0
"""The least time between two starts in one place: what kills the processes may go on doing so."""

_PATIENCE_SECONDS = 1.0
"""How long a process that says nothing more has to end by itself, and to tell with which exit code."""

_ENDED = "an encoding process has ended, a new one will be started"
_NO_START = "an encoding process does not start"


class EncodingProcesses:
    """Processes that are started when there is something to do. They end with this one, however it ends.

    Nobody waits for a process that is starting, nor for one that is busy: where none is free, whoever asks does the
    work itself. So it does when a process is killed, which is then started anew.
    """

    def __init__(self, count: int) -> None:
        """Starts none yet.

        Args:
            count: How many, at least 1.
        """
        self._lock = threading.Lock()
        self._places = [_Place() for _ in range(count)]
        self._vacant = list(self._places)
        self._free: deque[_Place] = deque()  # those whose process has nothing to do
        self._closed = False

    def do(
        self, work: Callable[_Arguments, _Result], *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Result:
        """Has one of them do something, or does it here. Any number of threads may ask.

        Args:
            work: What can be imported by its name; it, its arguments and its result are sent between processes.
            arguments: Its arguments.
            named: Its arguments.

        Raises:
            Exception: What the work came to; a RuntimeError with its text where it cannot be sent.
        """
        if place := self._take(work):
            try:
                succeeded, outcome = place.ask(work, arguments, named)
            except Exception as error:  # its answer can be cut anywhere, and then mean anything
                self._vacate(place, _ENDED, error)
            else:
                self._free.append(place)
                if not succeeded:
                    raise outcome
                result: _Result = outcome
                return result
        return work(*arguments, **named)

    def close(self) -> None:
        """Ends them, and waits until they are gone. What is asked for from now on, whoever asks does itself."""
        with self._lock:
            self._closed = True
        for place in self._places:
            place.end()
        for place in self._places:
            if place.starter:
                place.starter.join()

    def _take(self, work: Callable[..., Any]) -> "_Place | None":
        """A place whose process has nothing to do, if there is one. Has those filled that are vacant."""
        with self._lock:
            if self._closed:
                return None
            now = time.monotonic()
            due = [place for place in self._vacant if place.next_start <= now]
            for place in due:
                self._vacant.remove(place)
                place.next_start = now + _PAUSE_SECONDS
            taken = self._free.popleft() if self._free else None
        for place in due:
            starter = threading.Thread(target=self._start, args=(place, work), name="encoding-start", daemon=True)
            try:
                starter.start()
            except RuntimeError as error:  # there are too many threads
                self._vacate(place, _NO_START, error)
            else:
                place.starter = starter
        return taken

    def _start(self, place: "_Place", work: Callable[..., Any]) -> None:
        """Starts a process and waits until it has imported what such work needs; runs in a thread of its own."""
        try:
            place.start()
            with self._lock:
                closed = self._closed
            if closed:
                place.end()
            place.ask(callable, (work,), {})
        except Exception as error:
            self._vacate(place, _NO_START, error)
        else:
            self._free.append(place)

    def _vacate(self, place: "_Place", event: str, error: Exception) -> None:
        exit_code = place.end(_PATIENCE_SECONDS)
        with self._lock:
            self._vacant.append(place)
            closed = self._closed
        if not closed:
            _log.warning(event, reason=f"{type(error).__name__}: {error}", exit_code=exit_code)


class _Place:
    """A place for a process. At any time one thread starts the process or asks it; each may end it.

    Attributes:
        next_start: When another process may be started, on the monotonic clock.
        starter: The thread that started the last one.
    """

    def __init__(self) -> None:
        self.next_start = 0.0
        self.starter: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts a process, which then takes a while until it does what it is asked.

        Raises:
            OSError: The system has no room for it.
        """
        # It is to find the modules that this process finds, and no others: none in its working directory.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        # It has a session of its own, which Ctrl-C does not reach.
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )

    def ask(self, work: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]) -> tuple[bool, Any]:
        """Has the process do something, and waits for it.

        Returns:
            True and the result, or False and what went wrong.

        Raises:
            Exception: The process is gone, or what it says makes no sense.
        """
        process = cast("subprocess.Popen[bytes]", self._process)
        orders, answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        pickle.dump((work, arguments, named), orders, pickle.HIGHEST_PROTOCOL)
        orders.flush()
        succeeded, outcome = pickle.load(answers)  # noqa: S301 - our own process
        return succeeded, outcome

    def end(self, patience_seconds: float = 0.0) -> int | None:
        """Ends the process, and whatever is asked of it, and waits until it is gone. It has nothing that it could lose.

        Args:
            patience_seconds: How long it may take to end by itself.

        Returns:
            Its exit code, negative: the signal that ended it; None: there is no process.
        """
        process = self._process
        if process is None:
            return None
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_seconds)
        process.kill()
        exit_code = process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # there can be something that it has not taken
                cast("IO[bytes]", pipe).close()
        self._process = None
        return exit_code
