from synthserve.v1 import schema_pb2 as _schema_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelView(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_VIEW_UNSPECIFIED: _ClassVar[ModelView]
    MODEL_VIEW_BASIC: _ClassVar[ModelView]
    MODEL_VIEW_FULL: _ClassVar[ModelView]

class ModelState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_STATE_UNSPECIFIED: _ClassVar[ModelState]
    MODEL_STATE_READY: _ClassVar[ModelState]
    MODEL_STATE_FAILED: _ClassVar[ModelState]
    MODEL_STATE_LOADING: _ClassVar[ModelState]
    MODEL_STATE_UNLOADING: _ClassVar[ModelState]
MODEL_VIEW_UNSPECIFIED: ModelView
MODEL_VIEW_BASIC: ModelView
MODEL_VIEW_FULL: ModelView
MODEL_STATE_UNSPECIFIED: ModelState
MODEL_STATE_READY: ModelState
MODEL_STATE_FAILED: ModelState
MODEL_STATE_LOADING: ModelState
MODEL_STATE_UNLOADING: ModelState

class ListModelsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "view")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    view: ModelView
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., view: _Optional[_Union[ModelView, str]] = ...) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models", "next_page_token")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    next_page_token: str
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("name", "page_token")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    page_token: str
    def __init__(self, name: _Optional[str] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model", "part", "next_page_token")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    model: Model
    part: _schema_pb2.SchemaPart
    next_page_token: str
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ..., part: _Optional[_Union[_schema_pb2.SchemaPart, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class LoadModelRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class LoadModelResponse(_message.Message):
    __slots__ = ("model", "loaded_versions")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LOADED_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    model: Model
    loaded_versions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ..., loaded_versions: _Optional[_Iterable[str]] = ...) -> None: ...

class UnloadModelRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class UnloadModelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReloadModelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReloadModelsResponse(_message.Message):
    __slots__ = ("loaded_versions", "unloaded_versions", "failures")
    LOADED_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    UNLOADED_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    loaded_versions: _containers.RepeatedScalarFieldContainer[str]
    unloaded_versions: _containers.RepeatedScalarFieldContainer[str]
    failures: _containers.RepeatedCompositeFieldContainer[ModelFailure]
    def __init__(self, loaded_versions: _Optional[_Iterable[str]] = ..., unloaded_versions: _Optional[_Iterable[str]] = ..., failures: _Optional[_Iterable[_Union[ModelFailure, _Mapping]]] = ...) -> None: ...

class ModelFailure(_message.Message):
    __slots__ = ("name", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    reason: str
    def __init__(self, name: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "version", "state", "state_reason", "versions", "table", "image", "conditions", "figures", "card", "graph_sha256", "methods")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    GRAPH_SHA256_FIELD_NUMBER: _ClassVar[int]
    METHODS_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    state: ModelState
    state_reason: str
    versions: _containers.RepeatedScalarFieldContainer[str]
    table: _schema_pb2.TableSchema
    image: _schema_pb2.ImageSchema
    conditions: _containers.RepeatedCompositeFieldContainer[_schema_pb2.ConditionSpec]
    figures: _containers.RepeatedCompositeFieldContainer[_schema_pb2.QualityFigure]
    card: _schema_pb2.ModelCard
    graph_sha256: str
    methods: _containers.RepeatedScalarFieldContainer[_schema_pb2.Method]
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., state: _Optional[_Union[ModelState, str]] = ..., state_reason: _Optional[str] = ..., versions: _Optional[_Iterable[str]] = ..., table: _Optional[_Union[_schema_pb2.TableSchema, _Mapping]] = ..., image: _Optional[_Union[_schema_pb2.ImageSchema, _Mapping]] = ..., conditions: _Optional[_Iterable[_Union[_schema_pb2.ConditionSpec, _Mapping]]] = ..., figures: _Optional[_Iterable[_Union[_schema_pb2.QualityFigure, _Mapping]]] = ..., card: _Optional[_Union[_schema_pb2.ModelCard, _Mapping]] = ..., graph_sha256: _Optional[str] = ..., methods: _Optional[_Iterable[_Union[_schema_pb2.Method, str]]] = ...) -> None: ...
