"""A process that drives: apart from the one that measures, and kept from turn to turn."""

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

import psutil
from tests.benchmarks import checks, drivers
from tests.benchmarks.plans import Plan, Record

GRACE_SECONDS = 60.0
"""How long after its limit a plan may take to come back."""

T = TypeVar("T")


class ClientError(Exception):
    """A driver failed; the message says why."""


class ClientProcess:
    """A process of its own that drives one plan after another."""

    def __init__(self) -> None:
        # Spawned: gRPC does not survive a fork.
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        self.pid = self._pool.submit(_process_id).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._kill()
        self._pool.shutdown(cancel_futures=True)

    def drive(self, plan: Plan) -> Record:
        """Does what a plan says.

        Raises:
            ClientError: A call failed, or the process hangs.
        """
        return self._result(self._pool.submit(drivers.drive, plan), plan)

    def complaint(self, plan: Plan, row_width: int) -> str | None:
        """What is wrong with what a side sends; see `checks.complaint`.

        Raises:
            ClientError: The call failed, or the process hangs.
        """
        return self._result(self._pool.submit(checks.complaint, plan, row_width), plan)

    def _result(self, future: Future[T], plan: Plan) -> T:
        try:
            return future.result(plan.seconds + plan.limit + GRACE_SECONDS)
        except (TimeoutError, BrokenProcessPool) as error:
            self._kill()
            raise SystemExit(f"a client process hangs or has ended: {error!r}") from error
        except Exception as error:
            raise ClientError(f"{type(error).__name__}: {str(error)[:500]}") from error

    def _kill(self) -> None:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(self.pid).kill()


def _process_id() -> int:
    return int(multiprocessing.current_process().pid or 0)
