"""What a version of a model can do."""

from enum import StrEnum


class State(StrEnum):
    """The names are those of the contract."""

    READY = "ready"
    FAILED = "failed"
    LOADING = "loading"
    UNLOADING = "unloading"
