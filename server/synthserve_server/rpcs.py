"""The methods that a server has, and what each may do: what is not declared here is not served."""

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from synthserve_server.limits.quotas import Kind

SMALL_REQUEST = 64 << 10
"""Bytes of a request that names things and sets few fields."""


class Computing(enum.Enum):
    """What a method computes, and so which limits hold for it."""

    NOTHING = "nothing"
    """It answers from memory, at once."""
    ROWS = "rows"
    IMAGES = "images"
    LATER = "later"
    """That depends on the model, which the service finds; it asks `Admission.late`."""

    @property
    def kind(self) -> Kind | None:
        """What it is limited by when the call begins."""
        return {Computing.ROWS: Kind.ROWS, Computing.IMAGES: Kind.IMAGES}.get(self)


@dataclass(frozen=True)
class Rpc:
    """A method of a service.

    Attributes:
        descriptor: What it is called, and the types of its messages.
        handle: Serves it: called with the parsed request, or an iterator of them, and gRPC's context. Responses are
            messages, or bytes that were serialised before.
        largest_request: Bytes of a request.
        computing: What it computes.
        role: The role that a caller needs; None: none.
    """

    descriptor: MethodDescriptor
    handle: Callable[..., Any]
    largest_request: int = SMALL_REQUEST
    computing: Computing = Computing.NOTHING
    role: str | None = None

    @property
    def path(self) -> str:
        """What callers call it by: `/synthserve.v1.ModelService/GetModel`."""
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"

    def parse(self, data: bytes) -> Any:  # noqa: ANN401 - a message of the method's type
        """Parses a request.

        Raises:
            DecodeError: It is no message of the type.
        """
        return message_factory.GetMessageClass(self.descriptor.input_type).FromString(data)


class UndeclaredError(Exception):
    """A service has a method that is not declared, or one was declared twice."""


def registry(services: Iterable[ServiceDescriptor], rpcs: Iterable[Rpc]) -> Mapping[str, Rpc]:
    """The methods by path.

    Args:
        services: The services that the server has.
        rpcs: Their methods.

    Raises:
        UndeclaredError: Not every method of the services is declared once, or another one is.
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
