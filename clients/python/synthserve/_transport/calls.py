"""Calls that try again: the one place where the sync client meets gRPC. `async_calls` is its twin."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import grpc

from synthserve._checks import seconds
from synthserve._exceptions import Cancelled, SynthserveError
from synthserve._transport.channels import keep_from_children
from synthserve._transport.headers import Token, authorization
from synthserve._transport.resume import Request, Response, Resume
from synthserve._transport.retry import Deadline, RetryPolicy
from synthserve._transport.status import error_from_rpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from synthserve._transport.connection import Connection
    from synthserve._transport.headers import Pairs

_log = logging.getLogger("synthserve")

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Caller:
    """What every call of a client shares."""

    connection: Connection
    policy: RetryPolicy
    token: Token | None = None

    def headers(self) -> Pairs:
        """Returns the metadata of the next attempt.

        Raises:
            InvalidRequest: The token cannot be sent.
        """
        if self.token is None:
            return self.connection.metadata
        return (*self.connection.metadata, authorization(self.token() if callable(self.token) else self.token))

    def unary(self, method: Callable[..., Answer], request: object, timeout: float | None) -> Answer:
        """Makes a call with one answer.

        Args:
            method: The method of a stub.
            request: What is asked.
            timeout: Seconds for all attempts. None: no limit.

        Raises:
            SynthserveError: It failed, and trying again did not help.
        """
        deadline = Deadline(seconds("timeout", timeout))
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
            return error_from_rpc(raised, self.connection)
        if "closed" in str(raised):
            return Cancelled("the client is closed")
        raise raised


class ResumingCall(Generic[Request, Response]):
    """The responses of one logical stream, over as many calls as needed.

    It is used by one thread; `close()` may be called from any. In a process that is forked while it is open, it goes on
    with a call of its own, as it does after a broken connection.
    """

    def __init__(
        self,
        caller: Caller,
        method: Callable[[], Callable[..., Any]],
        run: Resume[Request, Response],
        timeout: float | None,
    ) -> None:
        self._caller = caller
        self._method = method
        self.run = run
        self._deadline = Deadline(timeout)
        self._call: Any = None
        self._process = os.getpid()
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
            if self._process != os.getpid():
                self._call, self._process = None, os.getpid()
            headers = self._caller.headers() if self._call is None else ()
            try:
                if self._call is None:
                    ask = self._method()
                    self._call = ask(self.run.request(), timeout=self._deadline.left(), metadata=headers)
                    keep_from_children(self._call)
                    if self._closed.is_set():
                        # close() ran in between, when there was no call to cancel.
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
                accepted = self.run.accept(response)
                if accepted is not None:
                    return accepted
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
        if call is not None and self._process == os.getpid():
            call.cancel()
