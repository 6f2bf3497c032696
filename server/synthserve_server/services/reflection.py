"""What server reflection tells."""

from collections.abc import Iterable

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.rpc import error_details_pb2

from synthserve_server.services.oip import inference_pb2


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
        add(_file(service))
    return pool


def _file(service: str) -> FileDescriptor:
    if any(service == own.full_name for own in inference_pb2.DESCRIPTOR.services_by_name.values()):
        return inference_pb2.DESCRIPTOR
    return descriptor_pool.Default().FindServiceByName(service).file
