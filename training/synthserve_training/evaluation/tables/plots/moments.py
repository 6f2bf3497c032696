"""Ticks of an axis of dates or timestamps: whole years, months, days or parts of a day."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_MOST = 5
"""More labels than this overlap."""

_UNITS = {
    "us": (1,),
    "ms": (1, 10, 100),
    "s": (1, 5, 15, 30),
    "m": (1, 5, 15, 30),
    "h": (1, 3, 6, 12),
    "D": (1, 2, 7, 14),
    "M": (1, 3, 6),
    "Y": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000),
}
"""How many of each unit may lie between ticks, the finest first."""

_DAY = 86_400_000_000
_EPOCH_YEAR = 1970


def ticks(low: float, high: float, *, whole_days: bool) -> tuple[NDArray[np.float64], list[str]]:
    """The finest ticks of which few enough lie between two moments.

    Args:
        low: Days since 1970-01-01.
        high: The same, at least as large.
        whole_days: Whether values are dates: ticks are not closer than a day.

    Returns:
        Their places, days since 1970-01-01, and their labels.
    """
    first, last = (np.datetime64(round(end * _DAY), "us") for end in (low, high))
    for unit, count in _steps(whole_days=whole_days):
        start, stop = (end.astype(f"datetime64[{unit}]").astype(np.int64) for end in (first, last))
        if (stop - start) // count > _MOST:
            continue
        shift = _EPOCH_YEAR if unit == "Y" else 0  # years are multiples of the year 0
        places = np.arange(-(-(start + shift) // count) * count, stop + shift + 1, count) - shift
        moments = places.astype(f"datetime64[{unit}]")
        moments = moments[(moments >= first) & (moments <= last)]
        if len(moments) <= _MOST:
            return moments.astype("datetime64[us]").astype(np.int64) / _DAY, _labels(moments, unit)
    return np.zeros(0), []


def _steps(*, whole_days: bool) -> Iterator[tuple[str, int]]:
    for unit, counts in _UNITS.items():
        if not whole_days or unit in ("D", "M", "Y"):
            for count in counts:
                yield unit, count


def _labels(moments: "NDArray[np.datetime64]", unit: str) -> list[str]:
    texts = [str(moment).replace("T", " ") for moment in moments]
    if unit == "h":
        texts = [f"{text}:00" for text in texts]
    if unit in ("Y", "M", "D"):
        return texts
    # The year says nothing within a few days, and the day nothing within one.
    same_day = len({text[:10] for text in texts}) == 1
    return [text[11:] if same_day and place else text[5:] for place, text in enumerate(texts)]
