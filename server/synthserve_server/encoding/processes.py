"""Processes that encode.

A GPU computes images faster than the threads of one process encode them: whatever of it is Python they do in turns.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from typing import ParamSpec, TypeVar

import structlog

_log = structlog.stdlib.get_logger(__name__)

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class EncodingProcesses:
    """A pool of processes. They end with this one, however it ends; one that is killed is replaced."""

    def __init__(self, count: int) -> None:
        """Starts them, and does not wait until they are there.

        Args:
            count: How many, at least 1.
        """
        self._count = count
        self._lock = threading.Lock()
        self._closed = False
        self._executor = self._started()

    def do(
        self, work: Callable[_Arguments, _Result], *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Result:
        """Has one of them do something, and waits for it. Any number of threads may ask.

        Args:
            work: What can be imported by its name; it, its arguments and its result are sent between processes.
            arguments: Its arguments.
            named: Its arguments.

        Raises:
            Exception: What the work came to.
        """
        executor = self._executor
        try:
            return executor.submit(work, *arguments, **named).result()
        except BrokenExecutor:
            self._replace(executor)
            return work(*arguments, **named)

    def close(self) -> None:
        """Ends them, once nobody asks for anything any more."""
        with self._lock:
            self._closed = True
            self._executor.shutdown()

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._closed or self._executor is not broken:
                return
            _log.warning("an encoding process was killed, starting new ones", processes=self._count)
            broken.shutdown(wait=False)
            self._executor = self._started()

    def _started(self) -> ProcessPoolExecutor:
        # Not forked: gRPC, onnxruntime and CUDA have threads, which a fork would lose.
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(self._count, context, initializer=_begin)
        for _ in range(self._count):
            executor.submit(_nothing)  # the pool starts a process only when there is something to do for it
        return executor


def _begin() -> None:
    # Ctrl-C goes to the whole group: the server drains, and still needs them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the server is gone, even if it was killed and could say nothing."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _nothing() -> None:
    pass
