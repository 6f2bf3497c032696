"""One-line checks for manifests."""

from collections.abc import Sequence

from synthserve_core.errors import ManifestError


def require(holds: bool, otherwise: str) -> None:
    """Raises a ManifestError with the message `otherwise` unless `holds`."""
    if not holds:
        raise ManifestError(otherwise)


def require_few(what: str, values: Sequence[object], most: int, of: str) -> None:
    """Requires at most `most` values."""
    require(len(values) <= most, f"{what} has {len(values):,} {of}; allowed are {most:,}")


def require_unique(what: str, values: Sequence[str]) -> None:
    """Requires that no value occurs twice."""
    seen: set[str] = set()
    for value in values:
        require(value not in seen, f"{what} hold {value!r} twice")
        seen.add(value)
