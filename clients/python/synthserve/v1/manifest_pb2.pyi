import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from synthserve.v1 import schema_pb2 as _schema_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Manifest(_message.Message):
    __slots__ = ("format_version", "model", "version", "graph", "table", "image", "conditions", "card", "provenance", "figures")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    GRAPH_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    model: str
    version: int
    graph: Graph
    table: _schema_pb2.TableSchema
    image: _schema_pb2.ImageSchema
    conditions: _containers.RepeatedCompositeFieldContainer[_schema_pb2.ConditionSpec]
    card: _schema_pb2.ModelCard
    provenance: Provenance
    figures: _containers.RepeatedCompositeFieldContainer[_schema_pb2.QualityFigure]
    def __init__(self, format_version: _Optional[int] = ..., model: _Optional[str] = ..., version: _Optional[int] = ..., graph: _Optional[_Union[Graph, _Mapping]] = ..., table: _Optional[_Union[_schema_pb2.TableSchema, _Mapping]] = ..., image: _Optional[_Union[_schema_pb2.ImageSchema, _Mapping]] = ..., conditions: _Optional[_Iterable[_Union[_schema_pb2.ConditionSpec, _Mapping]]] = ..., card: _Optional[_Union[_schema_pb2.ModelCard, _Mapping]] = ..., provenance: _Optional[_Union[Provenance, _Mapping]] = ..., figures: _Optional[_Iterable[_Union[_schema_pb2.QualityFigure, _Mapping]]] = ...) -> None: ...

class Graph(_message.Message):
    __slots__ = ("file", "sha256", "latent_shape", "batch_size", "packet")
    FILE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    LATENT_SHAPE_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    PACKET_FIELD_NUMBER: _ClassVar[int]
    file: str
    sha256: str
    latent_shape: _containers.RepeatedScalarFieldContainer[int]
    batch_size: int
    packet: int
    def __init__(self, file: _Optional[str] = ..., sha256: _Optional[str] = ..., latent_shape: _Optional[_Iterable[int]] = ..., batch_size: _Optional[int] = ..., packet: _Optional[int] = ...) -> None: ...

class Provenance(_message.Message):
    __slots__ = ("recipe", "seed", "epochs", "exported_at", "packages", "hardware", "training_seconds", "optimisations")
    class PackagesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RECIPE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    EXPORTED_AT_FIELD_NUMBER: _ClassVar[int]
    PACKAGES_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_FIELD_NUMBER: _ClassVar[int]
    TRAINING_SECONDS_FIELD_NUMBER: _ClassVar[int]
    OPTIMISATIONS_FIELD_NUMBER: _ClassVar[int]
    recipe: str
    seed: int
    epochs: int
    exported_at: _timestamp_pb2.Timestamp
    packages: _containers.ScalarMap[str, str]
    hardware: str
    training_seconds: float
    optimisations: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, recipe: _Optional[str] = ..., seed: _Optional[int] = ..., epochs: _Optional[int] = ..., exported_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., packages: _Optional[_Mapping[str, str]] = ..., hardware: _Optional[str] = ..., training_seconds: _Optional[float] = ..., optimisations: _Optional[_Iterable[str]] = ...) -> None: ...
