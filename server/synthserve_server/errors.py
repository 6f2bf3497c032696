"""The errors that callers see in detail, as plain exceptions; `status` turns them into gRPC's statuses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synthserve_core.quoting import LONGEST_QUOTE, listed, shortened
from synthserve_core.suggestions import closest

LONGEST_MESSAGE = 600
"""Bytes. A status is sent in HTTP/2 headers, of which peers accept 8 KiB."""

_MODELS = "models/"


@dataclass(frozen=True)
class Violation:
    """A field of a request with a value that is not allowed."""

    field: str
    description: str


class ServiceError(Exception):
    """The root of the errors that callers see in detail."""

    reason: str
    """`google.rpc.ErrorInfo.reason`."""

    def metadata(self) -> dict[str, str]:
        """The metadata of ErrorInfo."""
        return {}


class InvalidRequestError(ServiceError):
    """Fields of the request have values that are not allowed."""

    reason = "INVALID_REQUEST"
    most_violations = 10

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = violations[: self.most_violations]
        super().__init__("; ".join(f"{violation.field}: {violation.description}" for violation in self.violations))


class RequestTooLargeError(ServiceError):
    """The request has more bytes than the method takes."""

    reason = "REQUEST_TOO_LARGE"

    def __init__(self, size: int, most: int) -> None:
        super().__init__(f"the request has {size:,} bytes; this method takes at most {most:,}")


class UndeclaredMethodError(ServiceError):
    """The method belongs to a service of this server, but is not declared with its limits."""

    reason = "UNDECLARED_METHOD"

    def __init__(self, method: str) -> None:
        super().__init__(f"the server does not serve {shortened(method, LONGEST_QUOTE)}")


class ModelNotFoundError(ServiceError):
    """There is no such model or version."""

    reason = "MODEL_NOT_FOUND"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        known = list(known)
        # Compared without the common prefix, which would make all names similar.
        meant = closest(name.removeprefix(_MODELS), (one.removeprefix(_MODELS) for one in known))
        hint = f"; did you mean {_MODELS}{meant}?" if meant and "/" not in name.removeprefix(_MODELS) else ""
        super().__init__(f"there is no {name}{hint}; known are: {listed(known)}")

    def metadata(self) -> dict[str, str]:
        """The name asked for."""
        return {"model": self.name}


class ModelFailedError(ServiceError):
    """The model exists but could not be loaded."""

    reason = "MODEL_FAILED"

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, shortened(why, LONGEST_MESSAGE)
        super().__init__(f"{name} could not be loaded: {self.why}")

    def metadata(self) -> dict[str, str]:
        """The version that failed."""
        return {"model": self.name}


class ModelLoadingError(ServiceError):
    """The model is being loaded, and none of its versions is ready."""

    reason = "MODEL_LOADING"
    retry_seconds = 1.0

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is being loaded; try again")

    def metadata(self) -> dict[str, str]:
        """The version that is loading."""
        return {"model": self.name}


class ModelUnloadingError(ServiceError):
    """The model is being unloaded: it accepts no new streams."""

    reason = "MODEL_UNLOADING"
    why = "it is being unloaded"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is being unloaded: it only finishes its running streams")

    def metadata(self) -> dict[str, str]:
        """The version that is unloading."""
        return {"model": self.name}


class ModelControlError(ServiceError):
    """The server's settings do not allow calls to change the served models."""

    reason = "MODEL_CONTROL"

    def __init__(self, mode: str, wanted: str) -> None:
        self.mode = mode
        super().__init__(f"this server runs with --model-control-mode {mode}; for this it must be {wanted}")

    def metadata(self) -> dict[str, str]:
        """The mode that the server runs in."""
        return {"mode": self.mode}


class RepositoryError(ServiceError):
    """The model repository cannot be read; the served models stay as they are."""

    reason = "REPOSITORY_UNREADABLE"

    def __init__(self, why: str) -> None:
        super().__init__(f"the model repository cannot be read, and nothing was changed: {why}")


class PermissionDeniedError(ServiceError):
    """The caller is known, but may not do this."""

    reason = "PERMISSION_DENIED"

    def __init__(self, role: str) -> None:
        """Names the missing role.

        Args:
            role: The role that the call needs.
        """
        self.role = role
        super().__init__(f"this needs the role {role}, which the caller does not have")

    def metadata(self) -> dict[str, str]:
        """The role that is missing."""
        return {"role": self.role}


class UnauthenticatedError(ServiceError):
    """The caller has not proved its identity."""

    reason = "UNAUTHENTICATED"

    def __init__(self, *, wrong: bool) -> None:
        """Says why.

        Args:
            wrong: Whether the caller sent an unknown token; otherwise it sent none.
        """
        super().__init__(
            "the bearer token is not known here"
            if wrong
            else "this server requires a token: send the metadata `authorization: Bearer TOKEN`"
        )


class ExpiredTokenError(ServiceError):
    """The caller's token has expired."""

    reason = "TOKEN_EXPIRED"

    def __init__(self) -> None:
        super().__init__("the bearer token has expired; get a new one")


class KeysUnavailableError(ServiceError):
    """The keys that verify tokens could not be fetched from the issuer yet."""

    reason = "KEYS_UNAVAILABLE"
    retry_seconds = 2.0

    def __init__(self) -> None:
        super().__init__(
            "tokens cannot be checked yet: the keys of their issuer are not available; see the server's log"
        )


class IndicesExhaustedError(ServiceError):
    """A stream without a count has reached the last index."""

    reason = "INDICES_EXHAUSTED"

    def __init__(self, end: int) -> None:
        super().__init__(f"a stream cannot go beyond the index {end - 1}")


class ShuttingDownError(ServiceError):
    """The server is shutting down."""

    reason = "SHUTTING_DOWN"
    retry_seconds = 1.0

    def __init__(self) -> None:
        super().__init__("the server is shutting down; continue on another server")


class LimitExceededError(ServiceError):
    """A limit of the caller or of the server is exceeded."""

    reason = "LIMIT_EXCEEDED"

    def __init__(self, caller: str | None, limit: str, value: float, retry_seconds: float) -> None:
        """Names the limit.

        Args:
            caller: The caller that the limit applies to; None: the server.
            limit: The name of its setting.
            value: The value of the limit.
            retry_seconds: Seconds until the caller should retry.
        """
        self.caller = None if caller is None else shortened(caller, LONGEST_QUOTE)
        self.limit, self.value, self.retry_seconds = limit, value, retry_seconds
        self.quota = f"{limit} of {self.caller or 'this server'} is {value:g}"
        super().__init__(f"{self.quota}; try again in {retry_seconds:.1f} s")

    def metadata(self) -> dict[str, str]:
        """The limit, by the name of its setting, and its value."""
        return {"limit": self.limit, "value": f"{self.value:g}"}
