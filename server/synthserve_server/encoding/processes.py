"""Processes that encode.

A GPU computes images faster than the threads of one process encode them: whatever of it is Python they do in turns.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import structlog

_log = structlog.stdlib.get_logger(__name__)

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_PAUSE_SECONDS = 5.0
"""The least time between two starts of the pool: what kills the processes may go on doing so."""

_LOOK_SECONDS = 1.0
"""How often a thread that waits looks whether the pool is still there: one that breaks can lose what it is given."""


class EncodingProcesses:
    """A pool of processes, started when there is something to do. They end with this one, however it ends.

    When one is killed, all are started anew; meanwhile whoever asks does the work itself.
    """

    def __init__(self, count: int) -> None:
        """Starts none yet.

        Args:
            count: How many, at least 1.
        """
        self._count = count
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._next_start = 0.0  # on the monotonic clock; infinite once closed

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
        if pool := self._running():
            try:
                future = _submit(pool, work, *arguments, **named)
                while not wait([future], _LOOK_SECONDS).done:
                    _submit(pool, _nothing)  # a broken pool refuses it
                return future.result()
            except BrokenExecutor:
                self._give_up(pool)
        return work(*arguments, **named)

    def close(self) -> None:
        """Ends them, once nobody asks for anything any more."""
        with self._lock:
            self._next_start = float("inf")
            if self._pool:
                self._pool.shutdown()

    def _running(self) -> ProcessPoolExecutor | None:
        with self._lock:
            if self._pool is None and time.monotonic() >= self._next_start:
                self._next_start = time.monotonic() + _PAUSE_SECONDS
                # Not forked: gRPC, onnxruntime and CUDA have threads, which a fork would lose.
                pool = ProcessPoolExecutor(self._count, multiprocessing.get_context("spawn"), initializer=_begin)
                try:
                    for _ in range(self._count):
                        _submit(pool, _nothing)  # it starts a process only when there is something to do for it
                except OSError as error:
                    _log.warning("encoding processes do not start", reason=str(error))
                    pool.shutdown(wait=False)
                else:
                    self._pool = pool
            return self._pool

    def _give_up(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                _log.warning("an encoding process was killed, new ones will be started", processes=self._count)
                pool.shutdown(wait=False)
                self._pool = None


def _submit(
    pool: ProcessPoolExecutor,
    work: Callable[_Arguments, _Result],
    *arguments: _Arguments.args,
    **named: _Arguments.kwargs,
) -> "Future[_Result]":
    with _signals_held_back():
        return pool.submit(work, *arguments, **named)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Holds back, in what is started meanwhile, the signals that a process is not ready for before it has begun."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    # Ctrl-C and what supervisors send goes to the whole group: the server drains, and still needs its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setsid"):
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the server is gone, even if it was killed and could say nothing."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _nothing() -> None:
    pass
