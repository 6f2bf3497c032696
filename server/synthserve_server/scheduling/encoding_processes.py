"""Processes that encode.

A GPU computes images faster than the threads of one process can encode them, because the interpreter lock lets them run
Python code only in turns.

Each process has its own two pipes and shares nothing with the others, so killing one at any moment loses only its
current task. The pools of `concurrent.futures` and `multiprocessing` are not used because their processes answer
through one shared pipe.
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
"""The least time between two starts in one slot: the cause that killed a process may persist."""

_PATIENCE_SECONDS = 1.0
"""How long a process that no longer answers has to end by itself, so that its exit code is known."""

_ENDED = "an encoding process has ended, a new one will be started"
_NO_START = "an encoding process does not start"


class EncodingProcesses:
    """Processes that start with the first task and end when this process ends in any way.

    No caller waits for a process to start or to become free: if none is free, `do` does the work in the calling thread.
    It does the same when a process is killed, which is then replaced.
    """

    def __init__(self, count: int) -> None:
        """Prepares the slots; no process is started yet.

        Args:
            count: How many processes, at least 1.
        """
        self._lock = threading.Lock()
        self._slots = [_Slot() for _ in range(count)]
        self._vacant = list(self._slots)
        self._free: deque[_Slot] = deque()  # slots with an idle process
        self._closed = False

    def do(
        self, work: Callable[_Arguments, _Result], *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Result:
        """Does a task in an idle process, or in this thread. Safe to call from several threads.

        Args:
            work: A callable that can be pickled, as can its arguments and result.
            arguments: Its positional arguments.
            named: Its named arguments.

        Raises:
            Exception: The exception of the work; a RuntimeError with its text if it cannot be pickled.
        """
        if slot := self._take(work):
            try:
                succeeded, outcome = slot.ask(work, arguments, named)
            except Exception as error:  # a truncated answer can raise anything
                self._vacate(slot, _ENDED, error)
            else:
                self._free.append(slot)
                if not succeeded:
                    raise outcome
                result: _Result = outcome
                return result
        return work(*arguments, **named)

    def close(self) -> None:
        """Ends the processes and waits for them. From now on, `do` does the work in the calling thread."""
        with self._lock:
            self._closed = True
        for slot in self._slots:
            slot.end()
        for slot in self._slots:
            if slot.starter:
                slot.starter.join()

    def _take(self, work: Callable[..., Any]) -> "_Slot | None":
        """Takes a slot with an idle process, if there is one. Starts processes in vacant slots."""
        with self._lock:
            if self._closed:
                return None
            now = time.monotonic()
            due = [slot for slot in self._vacant if slot.next_start <= now]
            for slot in due:
                self._vacant.remove(slot)
                slot.next_start = now + _PAUSE_SECONDS
            taken = self._free.popleft() if self._free else None
        for slot in due:
            starter = threading.Thread(target=self._start, args=(slot, work), name="encoding-start", daemon=True)
            try:
                starter.start()
            except RuntimeError as error:  # there are too many threads
                self._vacate(slot, _NO_START, error)
            else:
                slot.starter = starter
        return taken

    def _start(self, slot: "_Slot", work: Callable[..., Any]) -> None:
        """Starts a process and waits until it has imported the modules of the work; runs in its own thread."""
        try:
            slot.start()
            with self._lock:
                closed = self._closed
            if closed:
                slot.end()
            slot.ask(callable, (work,), {})
        except Exception as error:
            self._vacate(slot, _NO_START, error)
        else:
            self._free.append(slot)

    def _vacate(self, slot: "_Slot", event: str, error: Exception) -> None:
        exit_code = slot.end(_PATIENCE_SECONDS)
        with self._lock:
            self._vacant.append(slot)
            closed = self._closed
        if not closed:
            _log.warning(event, reason=f"{type(error).__name__}: {error}", exit_code=exit_code)


class _Slot:
    """A slot for a process. At any time, at most one thread starts or asks the process; any thread may end it.

    Attributes:
        next_start: When another process may be started, on the monotonic clock.
        starter: The thread that started the last one.
    """

    def __init__(self) -> None:
        self.next_start = 0.0
        self.starter: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts a process, which takes a while until it accepts tasks.

        Raises:
            OSError: The system cannot start it.
        """
        # The process finds the same modules as this one, and none in its working directory.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        # In its own session, Ctrl-C does not reach it.
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )

    def ask(self, work: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]) -> tuple[bool, Any]:
        """Does a task in the process, and waits for it.

        Returns:
            True and the result, or False and the exception.

        Raises:
            Exception: The process is gone, or its answer is malformed.
        """
        process = cast("subprocess.Popen[bytes]", self._process)
        orders, answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        pickle.dump((work, arguments, named), orders, pickle.HIGHEST_PROTOCOL)
        orders.flush()
        succeeded, outcome = pickle.load(answers)  # noqa: S301 - our own process
        return succeeded, outcome

    def end(self, patience_seconds: float = 0.0) -> int | None:
        """Ends the process with its current task, and waits until it is gone. It has no state to lose.

        Args:
            patience_seconds: How long it may take to end by itself.

        Returns:
            Its exit code, or the negative number of the signal that ended it; None if there is no process.
        """
        process = self._process
        if process is None:
            return None
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_seconds)
        process.kill()
        exit_code = process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # unread data may be left in the pipe
                cast("IO[bytes]", pipe).close()
        self._process = None
        return exit_code
