"""When calls are due. Pure: the same arguments give the same times."""

import random
from typing import Literal

Kind = Literal["poisson", "constant"]


def schedule(kind: Kind, rate: float, seconds: float, seed: int) -> list[float]:
    """The times at which calls are due.

    Args:
        kind: `poisson`, as the calls of many callers who know nothing of each other come: the waits between them are
            exponential. `constant`: at equal distances.
        rate: Calls a second, in the mean.
        seconds: For how long.
        seed: Of the waits.

    Returns:
        Seconds since the start, ascending, below `seconds`.
    """
    if kind == "constant":
        # Half a distance after the start, so that there are as many as rate and seconds say.
        return [at for number in range(int(rate * seconds) + 1) if (at := (number + 0.5) / rate) < seconds]
    chance = random.Random(seed)  # noqa: S311 - guards nothing
    times: list[float] = []
    at = chance.expovariate(rate)
    while at < seconds:
        times.append(at)
        at += chance.expovariate(rate)
    return times


def share(times: list[float], part: int, parts: int) -> list[float]:
    """The times that one of several drivers looks after."""
    return times[part::parts]
