"""Which rate comes next: upwards until one is not held, then between the highest that was and the lowest that was not.

Pure. A rate that is not held is tried once more, as any machine has a bad second now and then.
"""

import math
from collections.abc import Sequence

CLOSE = 1.15
"""Rates with a ratio below this are not told apart."""

TRIES = 2

DOWNWARDS = 4.0
"""What a first rate is divided by that was not held."""

MOST_STEPS = 40

LOWEST_PART = 1 / 300
"""Below this part of the first rate nothing is tried."""


def next_rate(tried: Sequence[tuple[float, bool]], start: float, growth: float, most: float) -> float | None:
    """The rate to offer next.

    Args:
        tried: The rates that were offered, and whether they were held; at least one.
        start: Up to here, rates are skipped as long as none was not held.
        growth: What a rate that was held is multiplied with, more than 1.
        most: No rate is above it.

    Returns:
        Calls a second; None: the knee is found, or there is none that can be.
    """
    last = tried[-1][0]
    tries = [held for rate, held in tried if rate == last]
    if not any(tries) and len(tries) < TRIES:
        return last
    if len(tried) >= MOST_STEPS:
        return None
    held = {rate for rate, held in tried if held}
    lowest_broken = min((rate for rate, _ in tried if rate not in held), default=math.inf)
    highest_held = max((rate for rate in held if rate < lowest_broken), default=0.0)
    if lowest_broken == math.inf:
        return min(max(highest_held * growth, start), most) if highest_held < most else None
    if not highest_held:
        lower = lowest_broken / DOWNWARDS
        return lower if lower >= LOWEST_PART * tried[0][0] else None
    return math.sqrt(highest_held * lowest_broken) if lowest_broken > highest_held * CLOSE else None
