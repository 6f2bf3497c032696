"""Calls that try again: the one place where the sync client meets gRPC. `_async_calls` is its twin."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import grpc

from synthserve._exceptions import Cancelled, SynthserveError
from synthserve._resume import Request, Response, Resume
from synthserve._retry import Deadline, RetryPolicy
from synthserve._status import error_from_rpc
from synthserve._tokens import Token, authorization

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logging.getLogger("synthserve")

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Caller:
    """What every call of a client shares."""

    target: str
    metadata: tuple[tuple[str, str], ...]
    policy: RetryPolicy
    token: Token | None = None

    def headers(self) -> tuple[tuple[str, str], ...]:
        """What to send with the next attempt.

        Raises:
            InvalidRequest: The token cannot be sent.
        """
        if self.token is None:
            return self.metadata
        return (*self.metadata, authorization(self.token() if callable(self.token) else self.token))

    def unary(self, method: Callable[..., Answer], request: object, timeout: float | None) -> Answer:
        """Makes a call with one answer.

        Raises:
            SynthserveError: It failed, and trying again did not help.
        """
        deadline = Deadline(timeout)
        failures = 0
        while True:
            headers = self.headers()
            try:
                return method(request, timeout=deadline.left(), metadata=headers)
            except (grpc.RpcError, ValueError) as raised:
                failures += 1
                error = self.typed(raised)
                wait = deadline.fit(self.policy.delay(failures, error, started=False), error)
            time.sleep(wait)

    def typed(self, raised: Exception) -> SynthserveError:
        """Returns the typed error for what gRPC raised."""
        if isinstance(raised, grpc.RpcError):
            return error_from_rpc(raised, self.target)
        if "closed" in str(raised):
            return Cancelled("the client is closed")
        raise raised


class ResumingCall(Generic[Request, Response]):
    """The responses of one logical stream, over as many calls as it takes.

    It is used by one thread; `close()` may be called from any.
    """

    def __init__(
        self,
        caller: Caller,
        method: Callable[..., Any],
        run: Resume[Request, Response],
        timeout: float | None,
    ) -> None:
        self._caller = caller
        self._method = method
        self.run = run
        self._deadline = Deadline(timeout)
        self._call: Any = None
        self._ended = False
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Response]:
        return self

    def __next__(self) -> Response:
        while not self._ended:
            if self._closed.is_set():
                raise Cancelled("the stream was closed")
            headers = self._caller.headers() if self._call is None else ()
            try:
                if self._call is None:
                    self._call = self._method(self.run.request(), timeout=self._deadline.left(), metadata=headers)
                    if self._closed.is_set():
                        # close() came in between and saw no call to cancel.
                        self._call.cancel()
                response = next(self._call)
            except StopIteration:
                self._ended = True
                if self._closed.is_set() and not self.run.complete:
                    raise Cancelled("the stream was closed") from None
                self.run.finish()
            except (grpc.RpcError, ValueError) as raised:
                self._call = None
                self._pause(raised)
            else:
                return self.run.accept(response)
        raise StopIteration

    def _pause(self, raised: Exception) -> None:
        if self._closed.is_set():
            raise Cancelled("the stream was closed") from raised
        error = self._caller.typed(raised)
        wait = self.run.broken(error)
        if wait is None:
            self._ended = True
            return
        wait = self._deadline.fit(wait, error)
        _log.info("broke at index %d (%s); going on in %.2f s", self.run.next_index, error, wait)
        self._closed.wait(wait)

    def close(self) -> None:
        """Cancels the running call; a thread that waits for it gets `Cancelled`."""
        self._closed.set()
        call = self._call
        if call is not None:
            call.cancel()
