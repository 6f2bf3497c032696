import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from synthserve.v1 import schema_pb2 as _schema_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NoiseDistribution(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOISE_DISTRIBUTION_UNSPECIFIED: _ClassVar[NoiseDistribution]
    NOISE_DISTRIBUTION_NORMAL: _ClassVar[NoiseDistribution]
    NOISE_DISTRIBUTION_UNIFORM: _ClassVar[NoiseDistribution]
NOISE_DISTRIBUTION_UNSPECIFIED: NoiseDistribution
NOISE_DISTRIBUTION_NORMAL: NoiseDistribution
NOISE_DISTRIBUTION_UNIFORM: NoiseDistribution

class Manifest(_message.Message):
    __slots__ = ("format_version", "model", "version", "graph", "table", "image", "conditions", "card", "provenance", "figures", "methods")
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
    METHODS_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    model: str
    version: int
    graph: GraphV1
    table: _schema_pb2.TableSchema
    image: _schema_pb2.ImageSchema
    conditions: _containers.RepeatedCompositeFieldContainer[_schema_pb2.ConditionSpec]
    card: _schema_pb2.ModelCard
    provenance: Provenance
    figures: _containers.RepeatedCompositeFieldContainer[_schema_pb2.QualityFigure]
    methods: _containers.RepeatedCompositeFieldContainer[MethodGraph]
    def __init__(self, format_version: _Optional[int] = ..., model: _Optional[str] = ..., version: _Optional[int] = ..., graph: _Optional[_Union[GraphV1, _Mapping]] = ..., table: _Optional[_Union[_schema_pb2.TableSchema, _Mapping]] = ..., image: _Optional[_Union[_schema_pb2.ImageSchema, _Mapping]] = ..., conditions: _Optional[_Iterable[_Union[_schema_pb2.ConditionSpec, _Mapping]]] = ..., card: _Optional[_Union[_schema_pb2.ModelCard, _Mapping]] = ..., provenance: _Optional[_Union[Provenance, _Mapping]] = ..., figures: _Optional[_Iterable[_Union[_schema_pb2.QualityFigure, _Mapping]]] = ..., methods: _Optional[_Iterable[_Union[MethodGraph, _Mapping]]] = ...) -> None: ...

class GraphV1(_message.Message):
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

class MethodGraph(_message.Message):
    __slots__ = ("method", "file", "sha256", "batch_size", "packet", "inputs", "outputs")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    PACKET_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    method: _schema_pb2.Method
    file: str
    sha256: str
    batch_size: int
    packet: int
    inputs: _containers.RepeatedCompositeFieldContainer[GraphInput]
    outputs: _containers.RepeatedCompositeFieldContainer[GraphOutput]
    def __init__(self, method: _Optional[_Union[_schema_pb2.Method, str]] = ..., file: _Optional[str] = ..., sha256: _Optional[str] = ..., batch_size: _Optional[int] = ..., packet: _Optional[int] = ..., inputs: _Optional[_Iterable[_Union[GraphInput, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[GraphOutput, _Mapping]]] = ...) -> None: ...

class GraphInput(_message.Message):
    __slots__ = ("name", "noise", "index", "condition", "data")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NOISE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    name: str
    noise: NoiseInput
    index: IndexInput
    condition: ConditionInput
    data: DataInput
    def __init__(self, name: _Optional[str] = ..., noise: _Optional[_Union[NoiseInput, _Mapping]] = ..., index: _Optional[_Union[IndexInput, _Mapping]] = ..., condition: _Optional[_Union[ConditionInput, _Mapping]] = ..., data: _Optional[_Union[DataInput, _Mapping]] = ...) -> None: ...

class NoiseInput(_message.Message):
    __slots__ = ("distribution", "shape")
    DISTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    distribution: NoiseDistribution
    shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, distribution: _Optional[_Union[NoiseDistribution, str]] = ..., shape: _Optional[_Iterable[int]] = ...) -> None: ...

class IndexInput(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ConditionInput(_message.Message):
    __slots__ = ("column", "shared")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    column: str
    shared: bool
    def __init__(self, column: _Optional[str] = ..., shared: _Optional[bool] = ...) -> None: ...

class DataInput(_message.Message):
    __slots__ = ("column", "validity", "image")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    VALIDITY_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    column: str
    validity: str
    image: ImageTensor
    def __init__(self, column: _Optional[str] = ..., validity: _Optional[str] = ..., image: _Optional[_Union[ImageTensor, _Mapping]] = ...) -> None: ...

class ImageTensor(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GraphOutput(_message.Message):
    __slots__ = ("name", "column", "validity", "image", "score")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    VALIDITY_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    name: str
    column: str
    validity: str
    image: ImageTensor
    score: ScoreOutput
    def __init__(self, name: _Optional[str] = ..., column: _Optional[str] = ..., validity: _Optional[str] = ..., image: _Optional[_Union[ImageTensor, _Mapping]] = ..., score: _Optional[_Union[ScoreOutput, _Mapping]] = ...) -> None: ...

class ScoreOutput(_message.Message):
    __slots__ = ("column",)
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    column: str
    def __init__(self, column: _Optional[str] = ...) -> None: ...

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
