"""The messages of proto/oip, in a descriptor pool of their own.

Packages that speak the same protocol register the same names in the default pool, where there is room for one of them.
The types are in the generated inference_pb2.pyi; inference.binpb is a serialised FileDescriptorSet.
"""

from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import Message

_pool = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(Path(__file__).with_name("inference.binpb").read_bytes()).file:
    _pool.Add(_file)

DESCRIPTOR = _pool.FindFileByName("inference/inference.proto")


def _message_class(message: Descriptor) -> type[Message]:
    """Its class, with those of the messages in it: where protobuf is not the one in C, it leaves that to others."""
    made = message_factory.GetMessageClass(message)
    for name, nested in message.nested_types_by_name.items():
        if not hasattr(made, name):
            setattr(made, name, _message_class(nested))
    return made


for _name, _message in DESCRIPTOR.message_types_by_name.items():
    globals()[_name] = _message_class(_message)
for _enum in DESCRIPTOR.enum_types_by_name.values():
    globals()[_enum.name] = EnumTypeWrapper(_enum)
    globals().update({value.name: value.number for value in _enum.values})
