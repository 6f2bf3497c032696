"""Server reflection, in the two versions that clients use."""

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
"""The full names of the service: in the current version, and in the previous one, which has the same messages."""


def handlers(services: Iterable[str]) -> list[grpc.GenericRpcHandler]:
    """The handlers of server reflection.

    Args:
        services: The full names of the services to list, including those of reflection.
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
    """A pool with the files of services, those of error details, and their imports.

    Reflection accepts a single pool, but the files of the services are in two.

    Args:
        services: The full names of services in the default pool, or of the Open Inference Protocol.
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
    """Converts the file of the previous version, the only one in the library, to the current version."""
    file.ClearField("options")  # they name packages of generated code for the previous version
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
