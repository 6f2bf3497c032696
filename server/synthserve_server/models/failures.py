"""Reports why a version could not be loaded, to the log and to callers."""

from pathlib import Path

import structlog

from synthserve_core.errors import GraphError, ManifestError
from synthserve_server.models.catalogue import FailedPackage

UNEXPECTED = "an unexpected error; see the server's log"
"""The reason that callers see for a bug."""

_LONGEST_REASON = 500
"""Characters."""

_log = structlog.get_logger()


def failed(model_id: str, version: int, error: Exception) -> FailedPackage:
    """Logs why a version was not loaded; the package that it returns has the reason for callers."""
    expected = isinstance(error, OSError | ManifestError | GraphError)
    package = FailedPackage(model_id, version, reason(error))
    _log.error("model failed to load", model=package.name, reason=package.reason, exc_info=None if expected else error)
    return package


def reason(error: Exception) -> str:
    """The reason for a failure, in one sentence; an unexpected error gets a general one."""
    if isinstance(error, OSError):
        return f"{error.strerror}: {Path(str(error.filename)).name}"
    if isinstance(error, ManifestError | GraphError):
        said = " ".join(str(error).split())  # it can quote text of the package
        return said if len(said) <= _LONGEST_REASON else f"{said[:_LONGEST_REASON]}…"
    return UNEXPECTED
