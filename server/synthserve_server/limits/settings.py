"""Converts settings to quotas."""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeVar

from synthserve_core.suggestions import closest
from synthserve_server.limits.quotas import Kind, Quota, Quotas
from synthserve_server.settings.settings import Settings

Value = TypeVar("Value", int, float)


def quotas(settings: Settings) -> Quotas:
    """The quotas in the settings. A caller with its own section gets the default for limits that are not in it."""
    default = Quota(
        max_streams=settings.max_streams_per_caller,
        max_count=settings.max_count,
        rows_per_second=settings.rows_per_second_per_caller,
        images_per_second=settings.images_per_second_per_caller,
    )
    own = {
        name: Quota(
            max_streams=_chosen(limits.max_streams, default.max_streams),
            max_count=_chosen(limits.max_count, default.max_count),
            rows_per_second=_chosen(limits.rows_per_second, default.rows_per_second),
            images_per_second=_chosen(limits.images_per_second, default.images_per_second),
        )
        for name, limits in settings.limits.items()
    }
    return Quotas(default, own)


def rates(settings: Settings) -> dict[Kind, float]:
    """The rates in the settings for all callers together."""
    asked = {Kind.ROWS: settings.rows_per_second, Kind.IMAGES: settings.images_per_second}
    return {kind: rate for kind, rate in asked.items() if rate is not None}


def without_caller(settings: Settings, callers: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """The names in `limits` that belong to no caller, each with the name that may have been meant.

    Args:
        settings: The settings.
        callers: The names of all callers.
    """
    known = set(callers)
    for name in settings.limits:
        if name not in known:
            yield name, closest(name, sorted(known))


def _chosen(own: Value | Literal["unlimited"] | None, default: Value | None) -> Value | None:
    if own == "unlimited":
        return None
    return default if own is None else own
