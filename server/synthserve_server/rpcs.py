"""Declarations of the server's methods with their limits. The server serves no undeclared method."""

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from synthserve_server.limits.quotas import Kind

SMALL_REQUEST = 64 << 10
"""The most bytes of a request with names and few other fields."""


class Computing(enum.Enum):
    """What a method computes, which decides the limits that apply to it."""

    NOTHING = "nothing"
    """Nothing: it answers from memory, at once."""
    ROWS = "rows"
    IMAGES = "images"
    LATER = "later"
    """Depends on the model: once the service knows it, it calls `Admission.late`."""

    @property
    def kind(self) -> Kind | None:
        """The kind of samples that is limited when the call begins; None if there is none, or not yet."""
        return {Computing.ROWS: Kind.ROWS, Computing.IMAGES: Kind.IMAGES}.get(self)


@dataclass(frozen=True)
class Rpc:
    """A method of a service.

    Attributes:
        descriptor: Its name, and the types of its messages.
        handle: Serves it. Called with the parsed request, or an iterator of them, and gRPC's context; returns messages
            or serialised messages.
        largest_request: The most bytes of a request.
        computing: What it computes.
        role: The role that a caller needs; None: no role.
    """

    descriptor: MethodDescriptor
    handle: Callable[..., Any]
    largest_request: int = SMALL_REQUEST
    computing: Computing = Computing.NOTHING
    role: str | None = None

    @property
    def path(self) -> str:
        """The path of the method: `/synthserve.v1.ModelService/GetModel`."""
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"

    def parse(self, data: bytes) -> Any:  # noqa: ANN401 - a message of the method's type
        """Parses a request.

        Raises:
            DecodeError: The data is not a message of the request's type.
        """
        return self._request_type.FromString(data)

    @cached_property
    def _request_type(self) -> Any:  # noqa: ANN401 - a class of messages
        return message_factory.GetMessageClass(self.descriptor.input_type)


class UndeclaredError(Exception):
    """A method of a service is not declared, or declared twice, or an unknown one is declared."""


def registry(services: Iterable[ServiceDescriptor], rpcs: Iterable[Rpc]) -> Mapping[str, Rpc]:
    """The methods by path.

    Args:
        services: The services of the server.
        rpcs: The declarations of their methods.

    Raises:
        UndeclaredError: The declarations are not exactly one for each method of the services.
    """
    declared: dict[str, Rpc] = {}
    for rpc in rpcs:
        if rpc.path in declared:
            raise UndeclaredError(f"{rpc.path} is declared twice")
        declared[rpc.path] = rpc
    wanted = {f"/{service.full_name}/{method.name}" for service in services for method in service.methods}
    if missing := sorted(wanted - declared.keys()):
        raise UndeclaredError(f"not declared with its limits: {', '.join(missing)}")
    if extra := sorted(declared.keys() - wanted):
        raise UndeclaredError(f"declared, but no method of the services: {', '.join(extra)}")
    return declared
