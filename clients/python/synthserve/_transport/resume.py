"""The state of one logical stream, which may take several calls: pure, no I/O, no clock.

Sample `i` depends only on the model version, the seed, `i` and the conditions. So a broken stream resumes, with
nothing lost and nothing repeated, when the rest is requested: from the next index, with the version and the seed of
the first response. A stream that broke before its first response is requested again unchanged; the caller has not
seen a seed yet.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from synthserve._exceptions import ProtocolError, SynthserveError
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from synthserve._transport.retry import RetryPolicy
    from synthserve.v1.schema_pb2 import ImageSchema, TableSchema

Request = TypeVar("Request", bound=pb.GenerateRowsRequest | pb.GenerateImagesRequest)
Response = TypeVar("Response", bound=pb.GenerateRowsResponse | pb.GenerateImagesResponse)

Assemble: TypeAlias = Callable[[Response], Response | None]
"""Takes the responses of a call one by one, and gives those to read; None where more must come first."""

END = 2**63 - 1
"""The end of the indices: no sample has this one."""


def as_they_come() -> Assemble[Response]:
    """Assembles responses of which each can be read by itself."""
    return lambda response: response


class Resume(Generic[Request, Response]):
    """Joins several calls into one stream that obeys the contract of a single call.

    The driver sends what `request()` returns, passes every response to `accept()`, and reports the end of the call with
    `finish()` or `broken()`.

    Args:
        request: What the caller asked for.
        size: Tells how many samples a response carries.
        assemble: Begins with the responses of a call.
        policy: How often to try again.
    """

    def __init__(
        self,
        request: Request,
        size: Callable[[Response], int],
        assemble: Callable[[], Assemble[Response]],
        policy: RetryPolicy,
    ) -> None:
        self._base = request
        self._size = size
        self._begin_call = assemble
        self._assemble = assemble()
        self._policy = policy
        self._end = request.offset + request.count if request.HasField("count") else None
        self._model = request.model if "/versions/" in request.model else None
        self._seed = request.seed if request.HasField("seed") else None
        self._schema: TableSchema | ImageSchema | None = None
        self._started = False
        self._failures = 0
        self.next_index = request.offset

    @property
    def complete(self) -> bool:
        """Whether all requested samples have arrived; without a count, those of all indices.

        So a stream without a count that gets there ends as any iterator does, whatever the server calls it.
        """
        return self._started and self.next_index == (END if self._end is None else self._end)

    def request(self) -> Request:
        """Returns the request for what is missing, which a new call sends."""
        self._assemble = self._begin_call()
        request = copy.deepcopy(self._base)
        request.offset = self.next_index
        if self._end is not None:
            request.count = self._end - self.next_index
        if self._started:
            assert self._model is not None  # noqa: S101 - set together with _started
            assert self._seed is not None  # noqa: S101 - set together with _started
            request.model = self._model
            request.seed = self._seed
        return request

    def accept(self, received: Response) -> Response | None:
        """Accepts the next response of the running call.

        Returns:
            The response to read. Those after the first have no `info`, also where a second call begins. None: more must
            come first.

        Raises:
            ProtocolError: It does not follow the one before.
        """
        response = self._assemble(received)
        if response is None:
            return None
        if response.HasField("info"):
            self._check_info(response)
            if self._started:
                response.ClearField("info")
            self._started = True
        elif not self._started:
            raise ProtocolError("the first response says neither model version nor seed")
        size = self._size(response)
        if response.first_index != self.next_index or size < 0:
            raise ProtocolError(
                f"expected samples from index {self.next_index}, got {size} from {response.first_index}"
            )
        if self._end is not None and self.next_index + size > self._end:
            raise ProtocolError(f"asked for samples up to index {self._end}, got {self.next_index + size}")
        self.next_index += size
        if size:
            self._failures = 0
        return response

    def _check_info(self, response: Response) -> None:
        model, seed = response.info.model, response.info.seed
        if self._model not in (None, model) or self._seed not in (None, seed):
            raise ProtocolError(f"asked for {self._model} with seed {self._seed}, got {model} with seed {seed}")
        if self._schema not in (None, response.info.schema):
            raise ProtocolError(f"{model} has another schema than before the stream broke")
        self._model, self._seed, self._schema = model, seed, response.info.schema

    def finish(self) -> None:
        """Records that the running call ended without an error.

        Raises:
            ProtocolError: Too early.
        """
        if not self.complete:
            goal = "the call was not cancelled" if self._end is None else f"{self._end} was asked for"
            place = f"index {self.next_index}" if self._started else f"index {self.next_index}, before it began"
            raise ProtocolError(f"the stream ended at {place}, but {goal}")

    def broken(self, error: SynthserveError) -> float | None:
        """Records that the running call failed.

        Returns:
            Seconds to wait before the next call; None if nothing is missing, so that the error does not matter.

        Raises:
            SynthserveError: `error`, when the stream cannot go on.
        """
        if self.complete:
            return None
        self._failures += 1
        try:
            return self._policy.delay(self._failures, error, started=self._started)
        except SynthserveError:
            if self._started:
                error.add_note(f"the stream broke at index {self.next_index}")
            raise
