"""One pass over the pictures of a source: decoded by several threads, in the order of the source."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from PIL import Image

from synthserve_core.system.cores import available_cores
from synthserve_training.data.pictures.decoding import Decoded, UnusableError, decode, open_picture
from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sources import Source, Stored
from synthserve_training.types import Progress

T = TypeVar("T")

_MOST_THREADS = 8
_WAITING_EACH = 4  # pictures of each thread that are in memory
_TOLD_EVERY = 16


@dataclass(frozen=True)
class Made(Generic[T]):
    """What was made of a picture."""

    stored: Stored
    result: T


def over(
    source: Source,
    make: Callable[[Stored, Decoded], T],
    problems: Problems,
    *,
    least_side: int | None,
    what: str,
    progress: Progress,
) -> Iterator[Made[T]]:
    """Decodes all pictures of a source and makes something of each. Memory does not grow with their number.

    Args:
        source: The pictures.
        make: Called in several threads.
        problems: Gets what is left out or lost.
        least_side: See `decode`.
        what: Is done, for `progress`.
        progress: Is told how many pictures are done.

    Yields:
        What was made of each picture that can be used, in the order of the source.
    """

    def task(stored: Stored, image: Image.Image) -> tuple[tuple[str, ...], T]:
        decoded = decode(image, least_side)
        return decoded.remarks, make(stored, decoded)

    threads = min(_MOST_THREADS, available_cores())
    waiting: deque[tuple[Stored, Future[tuple[tuple[str, ...], T]]]] = deque()
    done = 0

    def finished() -> Iterator[Made[T]]:
        stored, future = waiting.popleft()
        try:
            remarks, result = future.result()
        except UnusableError as error:
            problems.add(stored.name, str(error))
            return
        for remark in remarks:
            problems.add(stored.name, remark, left_out=False)
        yield Made(stored, result)

    with ThreadPoolExecutor(threads, thread_name_prefix="pictures") as pool:
        for stored in source.pictures(problems):
            try:
                image = open_picture(stored.content)
            except UnusableError as error:
                problems.add(stored.name, str(error))
                continue
            waiting.append((stored, pool.submit(task, stored, image)))
            if len(waiting) > _WAITING_EACH * threads:
                yield from finished()
            done += 1
            if done % _TOLD_EVERY == 0:
                progress(what, done, len(source))
        while waiting:
            yield from finished()
    progress(what, len(source), len(source))
