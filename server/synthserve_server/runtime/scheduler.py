"""Who computes when: worker threads, and a bounded look-ahead for each stream."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from synthserve_server.runtime.cancellation import Cancellation


class Scheduler:
    """A pool of worker threads that computes the messages of streams ahead of their readers."""

    def __init__(self, workers: int) -> None:
        """Makes the pool.

        Args:
            workers: How many threads compute, at least 1.
        """
        self.workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="worker")

    async def stream(
        self, jobs: Iterable[Callable[[], bytes]], cancellation: Cancellation
    ) -> AsyncGenerator[bytes, None]:
        """Runs the jobs of one stream and yields their results in order.

        At most one job more than there are workers is under way or waits for the reader: enough to keep every worker
        busy, and all that a reader who has stopped holds. Jobs are made only when their turn comes.

        Args:
            jobs: Each computes one message.
            cancellation: Set when the iterator is closed, so that the jobs under way stop.

        Yields:
            The results.

        Raises:
            Exception: What a job raised.
        """
        loop = asyncio.get_running_loop()
        ahead: deque[asyncio.Future[bytes]] = deque()
        try:
            for job in jobs:
                ahead.append(loop.run_in_executor(self._pool, job))
                if len(ahead) > self.workers:
                    yield await ahead.popleft()
            while ahead:
                yield await ahead.popleft()
        finally:
            cancellation.cancel()
            for future in ahead:
                # Of a future that is done, this also forgets the failure that would else be logged as never looked at.
                future.cancel()

    def close(self) -> None:
        """Ends the threads once they have finished what they are computing; drops what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)
