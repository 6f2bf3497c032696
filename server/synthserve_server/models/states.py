"""The state of a version of a model."""

from enum import StrEnum


class State(StrEnum):
    """The state of a version; the names are those of the contract."""

    READY = "ready"
    FAILED = "failed"
    LOADING = "loading"
    UNLOADING = "unloading"
