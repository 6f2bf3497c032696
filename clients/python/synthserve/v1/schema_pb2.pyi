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
    COLUMN_TYPE_STRING: _ClassVar[ColumnType]
    COLUMN_TYPE_DATE: _ClassVar[ColumnType]
    COLUMN_TYPE_TIMESTAMP: _ClassVar[ColumnType]

class ConditionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONDITION_KIND_UNSPECIFIED: _ClassVar[ConditionKind]
    CONDITION_KIND_CODE: _ClassVar[ConditionKind]
    CONDITION_KIND_SET: _ClassVar[ConditionKind]
    CONDITION_KIND_RANGE: _ClassVar[ConditionKind]

class Method(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METHOD_UNSPECIFIED: _ClassVar[Method]
    METHOD_GENERATE: _ClassVar[Method]
    METHOD_SCORE: _ClassVar[Method]
    METHOD_TRANSFORM: _ClassVar[Method]
COLUMN_TYPE_UNSPECIFIED: ColumnType
COLUMN_TYPE_DOUBLE: ColumnType
COLUMN_TYPE_INT64: ColumnType
COLUMN_TYPE_CATEGORY: ColumnType
COLUMN_TYPE_BOOL: ColumnType
COLUMN_TYPE_STRING: ColumnType
COLUMN_TYPE_DATE: ColumnType
COLUMN_TYPE_TIMESTAMP: ColumnType
CONDITION_KIND_UNSPECIFIED: ConditionKind
CONDITION_KIND_CODE: ConditionKind
CONDITION_KIND_SET: ConditionKind
CONDITION_KIND_RANGE: ConditionKind
METHOD_UNSPECIFIED: Method
METHOD_GENERATE: Method
METHOD_SCORE: Method
METHOD_TRANSFORM: Method

class TableSchema(_message.Message):
    __slots__ = ("columns", "csv_delimiter")
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    CSV_DELIMITER_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedCompositeFieldContainer[Column]
    csv_delimiter: str
    def __init__(self, columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ..., csv_delimiter: _Optional[str] = ...) -> None: ...

class Column(_message.Message):
    __slots__ = ("name", "type", "categories", "decimals", "nullable", "unit", "description", "category_count", "utc", "csv", "max_bytes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    NULLABLE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_COUNT_FIELD_NUMBER: _ClassVar[int]
    UTC_FIELD_NUMBER: _ClassVar[int]
    CSV_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: ColumnType
    categories: _containers.RepeatedScalarFieldContainer[str]
    decimals: int
    nullable: bool
    unit: str
    description: str
    category_count: int
    utc: bool
    csv: CsvFormat
    max_bytes: int
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[ColumnType, str]] = ..., categories: _Optional[_Iterable[str]] = ..., decimals: _Optional[int] = ..., nullable: _Optional[bool] = ..., unit: _Optional[str] = ..., description: _Optional[str] = ..., category_count: _Optional[int] = ..., utc: _Optional[bool] = ..., csv: _Optional[_Union[CsvFormat, _Mapping]] = ..., max_bytes: _Optional[int] = ...) -> None: ...

class CsvFormat(_message.Message):
    __slots__ = ("pattern", "digits", "decimals", "decimal_separator", "true_text", "false_text", "missing_text")
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    DIGITS_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    DECIMAL_SEPARATOR_FIELD_NUMBER: _ClassVar[int]
    TRUE_TEXT_FIELD_NUMBER: _ClassVar[int]
    FALSE_TEXT_FIELD_NUMBER: _ClassVar[int]
    MISSING_TEXT_FIELD_NUMBER: _ClassVar[int]
    pattern: str
    digits: int
    decimals: int
    decimal_separator: str
    true_text: str
    false_text: str
    missing_text: str
    def __init__(self, pattern: _Optional[str] = ..., digits: _Optional[int] = ..., decimals: _Optional[int] = ..., decimal_separator: _Optional[str] = ..., true_text: _Optional[str] = ..., false_text: _Optional[str] = ..., missing_text: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("column", "categories", "kind", "category_count", "type", "nullable", "low", "high", "unit")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_COUNT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NULLABLE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    column: str
    categories: _containers.RepeatedScalarFieldContainer[str]
    kind: ConditionKind
    category_count: int
    type: ColumnType
    nullable: bool
    low: str
    high: str
    unit: str
    def __init__(self, column: _Optional[str] = ..., categories: _Optional[_Iterable[str]] = ..., kind: _Optional[_Union[ConditionKind, str]] = ..., category_count: _Optional[int] = ..., type: _Optional[_Union[ColumnType, str]] = ..., nullable: _Optional[bool] = ..., low: _Optional[str] = ..., high: _Optional[str] = ..., unit: _Optional[str] = ...) -> None: ...

class SchemaPart(_message.Message):
    __slots__ = ("columns", "conditions", "preamble")
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    PREAMBLE_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedCompositeFieldContainer[CategoryPart]
    conditions: _containers.RepeatedCompositeFieldContainer[CategoryPart]
    preamble: bytes
    def __init__(self, columns: _Optional[_Iterable[_Union[CategoryPart, _Mapping]]] = ..., conditions: _Optional[_Iterable[_Union[CategoryPart, _Mapping]]] = ..., preamble: _Optional[bytes] = ...) -> None: ...

class CategoryPart(_message.Message):
    __slots__ = ("index", "categories")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    index: int
    categories: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, index: _Optional[int] = ..., categories: _Optional[_Iterable[str]] = ...) -> None: ...

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
