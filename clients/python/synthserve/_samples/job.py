"""What a stream asks for and what its first response settled: shared by the sync and the asyncio streams."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Generic

from synthserve._checks import invalid
from synthserve._samples.kinds import Info
from synthserve._transport.resume import Request, Response, Resume

if TYPE_CHECKING:
    from collections.abc import Callable

    from synthserve._samples.kinds import Kind
    from synthserve._transport.retry import RetryPolicy


class Job(Generic[Request, Response, Info]):
    """One request for samples, which can be run several times with the same outcome.

    The first response of the first run settles model version and seed for all later runs.

    Args:
        request: What the caller asked for.
        kind: How the responses are read.
        policy: How often to try again.
        on_progress: Called after each message with the number of samples so far in this run.
    """

    def __init__(
        self,
        request: Request,
        kind: Kind[Response, Info],
        *,
        policy: RetryPolicy,
        on_progress: Callable[[int], None] | None,
    ) -> None:
        self.request = request
        self.info: Info | None = None
        self._kind = kind
        self._policy = policy
        self._on_progress = on_progress

    def run(self, **fields: object) -> Resume[Request, Response]:
        """Begins a run; `fields` are set in the request."""
        request = copy.deepcopy(self.request)
        if self.info is not None:
            request.model = self.info.model.resource
            request.seed = self.info.seed
        for name, value in fields.items():
            setattr(request, name, value)
        return Resume(request, self._kind.size, self._kind.assemble, self._policy)

    def settle(self, run: Resume[Request, Response] | None, response: Response, current: Info | None) -> Info:
        """Records a message of a run, and reports progress.

        Args:
            run: The run; None for one that only settles.
            response: Its newest message.
            current: What held for the run before this message; None at its first.

        Returns:
            What holds for the run.
        """
        if current is None:
            current = self._kind.read_info(response)
            self.info = self.info or current
        if run is not None and self._on_progress is not None:
            self._on_progress(run.next_index - self.request.offset)
        return current

    def require_end(self, what: str) -> None:
        """Refuses a stream without an end.

        Raises:
            InvalidRequest: `count` is not set.
        """
        if not self.request.HasField("count"):
            raise invalid("count", f"must be set: {what} needs an end")
