"""What a manifest must fulfil, as one-line checks."""

from collections.abc import Sequence

from synthserve_core.errors import ManifestError


def require(holds: bool, otherwise: str) -> None:
    """Raises a ManifestError with this message where something does not hold."""
    if not holds:
        raise ManifestError(otherwise)


def require_few(what: str, values: Sequence[object], most: int, of: str) -> None:
    """There are at most so many values."""
    require(len(values) <= most, f"{what} has {len(values):,} {of}; allowed are {most:,}")


def require_unique(what: str, values: Sequence[str]) -> None:
    """No value comes twice."""
    seen: set[str] = set()
    for value in values:
        require(value not in seen, f"{what} hold {value!r} twice")
        seen.add(value)
