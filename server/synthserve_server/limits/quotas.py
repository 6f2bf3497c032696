"""The quotas of callers."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Kind(enum.Enum):
    """The kind of samples in a stream."""

    ROWS = "rows"
    IMAGES = "images"


@dataclass(frozen=True)
class Quota:
    """The limits of one caller; None: no limit.

    Attributes:
        max_streams: Streams at once.
        max_count: Samples per call.
        rows_per_second: Rows of all its streams together.
        images_per_second: Images of all its streams together.
    """

    max_streams: int | None = None
    max_count: int | None = None
    rows_per_second: float | None = None
    images_per_second: float | None = None

    def rate(self, kind: Kind) -> float | None:
        """Samples per second; None: no limit."""
        return self.rows_per_second if kind is Kind.ROWS else self.images_per_second


@dataclass(frozen=True)
class Quotas:
    """The quotas of all callers.

    Attributes:
        default: The quota of callers without their own.
        by_name: The quotas of the other callers.
    """

    default: Quota
    by_name: Mapping[str, Quota]

    def of(self, caller: str) -> Quota:
        """The quota of a caller."""
        return self.by_name.get(caller, self.default)
