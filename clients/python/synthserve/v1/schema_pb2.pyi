from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ColumnType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COLUMN_TYPE_UNSPECIFIED: _ClassVar[ColumnType]
    COLUMN_TYPE_DOUBLE: _ClassVar[ColumnType]
    COLUMN_TYPE_INT64: _ClassVar[ColumnType]
    COLUMN_TYPE_CATEGORY: _ClassVar[ColumnType]
    COLUMN_TYPE_BOOL: _ClassVar[ColumnType]
COLUMN_TYPE_UNSPECIFIED: ColumnType
COLUMN_TYPE_DOUBLE: ColumnType
COLUMN_TYPE_INT64: ColumnType
COLUMN_TYPE_CATEGORY: ColumnType
COLUMN_TYPE_BOOL: ColumnType

class TableSchema(_message.Message):
    __slots__ = ("columns",)
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedCompositeFieldContainer[Column]
    def __init__(self, columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ...) -> None: ...

class Column(_message.Message):
    __slots__ = ("name", "type", "categories", "decimals", "nullable", "unit", "description")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    NULLABLE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: ColumnType
    categories: _containers.RepeatedScalarFieldContainer[str]
    decimals: int
    nullable: bool
    unit: str
    description: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[ColumnType, str]] = ..., categories: _Optional[_Iterable[str]] = ..., decimals: _Optional[int] = ..., nullable: _Optional[bool] = ..., unit: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class ImageSchema(_message.Message):
    __slots__ = ("height", "width", "channels")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    height: int
    width: int
    channels: int
    def __init__(self, height: _Optional[int] = ..., width: _Optional[int] = ..., channels: _Optional[int] = ...) -> None: ...

class ConditionSpec(_message.Message):
    __slots__ = ("column", "categories")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    column: str
    categories: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, column: _Optional[str] = ..., categories: _Optional[_Iterable[str]] = ...) -> None: ...

class QualityFigure(_message.Message):
    __slots__ = ("metric", "value", "reference", "spread", "description")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    SPREAD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    metric: str
    value: float
    reference: float
    spread: float
    description: str
    def __init__(self, metric: _Optional[str] = ..., value: _Optional[float] = ..., reference: _Optional[float] = ..., spread: _Optional[float] = ..., description: _Optional[str] = ...) -> None: ...

class ModelCard(_message.Message):
    __slots__ = ("summary", "training_data", "training_data_license", "license", "intended_use", "limits", "privacy")
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    TRAINING_DATA_FIELD_NUMBER: _ClassVar[int]
    TRAINING_DATA_LICENSE_FIELD_NUMBER: _ClassVar[int]
    LICENSE_FIELD_NUMBER: _ClassVar[int]
    INTENDED_USE_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_FIELD_NUMBER: _ClassVar[int]
    summary: str
    training_data: str
    training_data_license: str
    license: str
    intended_use: str
    limits: _containers.RepeatedScalarFieldContainer[str]
    privacy: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, summary: _Optional[str] = ..., training_data: _Optional[str] = ..., training_data_license: _Optional[str] = ..., license: _Optional[str] = ..., intended_use: _Optional[str] = ..., limits: _Optional[_Iterable[str]] = ..., privacy: _Optional[_Iterable[str]] = ...) -> None: ...
