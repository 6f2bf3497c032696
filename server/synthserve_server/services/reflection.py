"""Server reflection, in the two versions that clients ask for."""

from collections.abc import Iterable

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from synthserve_server.services.oip import inference_pb2

_OLD_PACKAGE, _PACKAGE = "grpc.reflection.v1alpha", "grpc.reflection.v1"
_NAME = "ServerReflection"
_METHOD = "ServerReflectionInfo"

SERVICES = (f"{_PACKAGE}.{_NAME}", f"{_OLD_PACKAGE}.{_NAME}")
"""The full names of the service: of the version that is, and of the one before, which has the same messages."""


def handlers(services: Iterable[str]) -> list[grpc.GenericRpcHandler]:
    """The handlers of server reflection.

    Args:
        services: The full names of what it tells of, those of its own too.
    """
    names = tuple(services)
    answer = reflection.aio.ReflectionServicer(names, pool=describing(names)).ServerReflectionInfo
    handler = grpc.stream_stream_rpc_method_handler(
        answer,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return [grpc.method_handlers_generic_handler(service, {_METHOD: handler}) for service in SERVICES]


def describing(services: Iterable[str]) -> descriptor_pool.DescriptorPool:
    """A pool that holds the files of services, those of error details, and what these import.

    Reflection can be given one pool, and the services' files are in two.

    Args:
        services: Full names, of services in the default pool or of the Open Inference Protocol.
    """
    pool = descriptor_pool.DescriptorPool()
    added: set[str] = set()

    def add(file: FileDescriptor) -> None:
        if file.name not in added:
            added.add(file.name)
            for dependency in file.dependencies:
                add(dependency)
            pool.AddSerializedFile(file.serialized_pb)

    add(error_details_pb2.DESCRIPTOR)
    for service in services:
        if service == SERVICES[0]:
            pool.Add(_renamed(descriptor_pb2.FileDescriptorProto.FromString(reflection_pb2.DESCRIPTOR.serialized_pb)))
        else:
            add(_file(service))
    return pool


def _renamed(file: descriptor_pb2.FileDescriptorProto) -> descriptor_pb2.FileDescriptorProto:
    """Makes of the file of the version before, which is all that the library has, that of the version that is."""
    file.ClearField("options")  # where other languages put what they generate from the version before
    file.name, file.package = f"{_PACKAGE.replace('.', '/')}/reflection.proto", _PACKAGE
    for message in file.message_type:
        for field in message.field:
            if field.type_name:  # only messages have one
                field.type_name = _renamed_type(field.type_name)
    for service in file.service:
        for method in service.method:
            method.input_type, method.output_type = _renamed_type(method.input_type), _renamed_type(method.output_type)
    return file


def _renamed_type(name: str) -> str:
    return name.replace(f".{_OLD_PACKAGE}.", f".{_PACKAGE}.", 1)


def _file(service: str) -> FileDescriptor:
    if any(service == own.full_name for own in inference_pb2.DESCRIPTOR.services_by_name.values()):
        return inference_pb2.DESCRIPTOR
    return descriptor_pool.Default().FindServiceByName(service).file
