"""What the sync streams of rows and of images share. `async_stream` is its twin."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, Self

from synthserve._checks import seconds
from synthserve._samples.kinds import Info
from synthserve._streams.singletons import NotCopied
from synthserve._transport.calls import Caller, ResumingCall
from synthserve._transport.resume import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from synthserve._samples.job import Job
    from synthserve._sinks.sink import Result, Sink


class Stream(NotCopied, Generic[Request, Response, Info]):
    """Samples that are generated when they are asked for.

    Nothing is sent before the first use. Each use (a loop, a terminal method) generates the samples anew, and as a
    sample depends only on model version, seed, index and conditions, each gives the same ones.
    """

    def __init__(
        self,
        caller: Caller,
        method: Callable[[], Callable[..., Any]],
        job: Job[Request, Response, Info],
        timeout: float | None,
    ) -> None:
        self._caller = caller
        self._method = method
        self._job = job
        self._timeout = seconds("timeout", timeout)
        self._active: set[ResumingCall[Request, Response]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def seed(self) -> int:
        """The seed in use, from 0 to 2^63 - 1. Asks the server if it was not given and nothing has come yet.

        Raises:
            SynthserveError: The server cannot be asked, or refuses the request.
        """
        return self._settled().seed

    @property
    def model(self) -> str:
        """The model version that generates, for example `iris-vae@1`. Asks the server if nothing has come yet.

        Raises:
            SynthserveError: The server cannot be asked, or refuses the request.
        """
        return str(self._settled().model)

    def close(self) -> None:
        """Cancels what is running; can be called from any thread.

        Raises:
            Cancelled: In the thread that is waiting for the stream, if there is one.
        """
        for call in list(self._active):
            call.close()

    def _settled(self) -> Info:
        if self._job.info is None:
            # No samples: settles version and seed, and costs the server nothing.
            info: Info | None = None
            with self._calling(count=0) as call:
                for response in call:
                    info = self._job.settle(None, response, info)
        assert self._job.info is not None  # noqa: S101 - a run without a first response raises
        return self._job.info

    def _responses(self, **fields: object) -> Iterator[tuple[Info, Response]]:
        info: Info | None = None
        with self._calling(**fields) as call:
            for response in call:
                info = self._job.settle(call.run, response, info)
                yield info, response

    def _drain(self, sink: Sink[Info, Response, Result]) -> Result:
        try:
            for info, response in self._responses(**sink.fields):
                sink.write(info, response)
            return sink.finish()
        except BaseException:
            sink.abort()
            raise

    @contextmanager
    def _calling(self, **fields: object) -> Iterator[ResumingCall[Request, Response]]:
        call = ResumingCall(self._caller, self._method, self._job.run(**fields), self._timeout)
        self._active.add(call)
        try:
            with call:
                yield call
        finally:
            self._active.discard(call)
