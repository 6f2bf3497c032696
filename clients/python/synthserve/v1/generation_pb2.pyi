from synthserve.v1 import schema_pb2 as _schema_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RowFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROW_FORMAT_UNSPECIFIED: _ClassVar[RowFormat]
    ROW_FORMAT_COLUMNS: _ClassVar[RowFormat]
    ROW_FORMAT_ARROW: _ClassVar[RowFormat]
    ROW_FORMAT_CSV: _ClassVar[RowFormat]
    ROW_FORMAT_JSON_LINES: _ClassVar[RowFormat]

class ImageFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMAGE_FORMAT_UNSPECIFIED: _ClassVar[ImageFormat]
    IMAGE_FORMAT_PNG: _ClassVar[ImageFormat]
    IMAGE_FORMAT_JPEG: _ClassVar[ImageFormat]
    IMAGE_FORMAT_RAW: _ClassVar[ImageFormat]
ROW_FORMAT_UNSPECIFIED: RowFormat
ROW_FORMAT_COLUMNS: RowFormat
ROW_FORMAT_ARROW: RowFormat
ROW_FORMAT_CSV: RowFormat
ROW_FORMAT_JSON_LINES: RowFormat
IMAGE_FORMAT_UNSPECIFIED: ImageFormat
IMAGE_FORMAT_PNG: ImageFormat
IMAGE_FORMAT_JPEG: ImageFormat
IMAGE_FORMAT_RAW: ImageFormat

class GenerateRowsRequest(_message.Message):
    __slots__ = ("model", "count", "seed", "offset", "conditions", "format", "rows_per_message")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    ROWS_PER_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    model: str
    count: int
    seed: int
    offset: int
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    format: RowFormat
    rows_per_message: int
    def __init__(self, model: _Optional[str] = ..., count: _Optional[int] = ..., seed: _Optional[int] = ..., offset: _Optional[int] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., format: _Optional[_Union[RowFormat, str]] = ..., rows_per_message: _Optional[int] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("column", "equals", "any_of", "between", "missing")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    EQUALS_FIELD_NUMBER: _ClassVar[int]
    ANY_OF_FIELD_NUMBER: _ClassVar[int]
    BETWEEN_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    column: str
    equals: str
    any_of: ValueSet
    between: ValueRange
    missing: bool
    def __init__(self, column: _Optional[str] = ..., equals: _Optional[str] = ..., any_of: _Optional[_Union[ValueSet, _Mapping]] = ..., between: _Optional[_Union[ValueRange, _Mapping]] = ..., missing: _Optional[bool] = ...) -> None: ...

class ValueSet(_message.Message):
    __slots__ = ("values", "missing")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    missing: bool
    def __init__(self, values: _Optional[_Iterable[str]] = ..., missing: _Optional[bool] = ...) -> None: ...

class ValueRange(_message.Message):
    __slots__ = ("low", "high")
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    low: str
    high: str
    def __init__(self, low: _Optional[str] = ..., high: _Optional[str] = ...) -> None: ...

class GenerateRowsResponse(_message.Message):
    __slots__ = ("info", "first_index", "row_count", "columns", "data", "part")
    INFO_FIELD_NUMBER: _ClassVar[int]
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    info: RowStreamInfo
    first_index: int
    row_count: int
    columns: ColumnBatch
    data: bytes
    part: _schema_pb2.SchemaPart
    def __init__(self, info: _Optional[_Union[RowStreamInfo, _Mapping]] = ..., first_index: _Optional[int] = ..., row_count: _Optional[int] = ..., columns: _Optional[_Union[ColumnBatch, _Mapping]] = ..., data: _Optional[bytes] = ..., part: _Optional[_Union[_schema_pb2.SchemaPart, _Mapping]] = ...) -> None: ...

class RowStreamInfo(_message.Message):
    __slots__ = ("model", "seed", "schema", "preamble", "part_count")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    PREAMBLE_FIELD_NUMBER: _ClassVar[int]
    PART_COUNT_FIELD_NUMBER: _ClassVar[int]
    model: str
    seed: int
    schema: _schema_pb2.TableSchema
    preamble: bytes
    part_count: int
    def __init__(self, model: _Optional[str] = ..., seed: _Optional[int] = ..., schema: _Optional[_Union[_schema_pb2.TableSchema, _Mapping]] = ..., preamble: _Optional[bytes] = ..., part_count: _Optional[int] = ...) -> None: ...

class ColumnBatch(_message.Message):
    __slots__ = ("columns",)
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedCompositeFieldContainer[ColumnValues]
    def __init__(self, columns: _Optional[_Iterable[_Union[ColumnValues, _Mapping]]] = ...) -> None: ...

class ColumnValues(_message.Message):
    __slots__ = ("doubles", "int64s", "categories", "bools", "strings", "dates", "timestamps", "validity")
    DOUBLES_FIELD_NUMBER: _ClassVar[int]
    INT64S_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    BOOLS_FIELD_NUMBER: _ClassVar[int]
    STRINGS_FIELD_NUMBER: _ClassVar[int]
    DATES_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMPS_FIELD_NUMBER: _ClassVar[int]
    VALIDITY_FIELD_NUMBER: _ClassVar[int]
    doubles: DoubleValues
    int64s: Int64Values
    categories: CategoryCodes
    bools: BoolValues
    strings: StringValues
    dates: DateValues
    timestamps: TimestampValues
    validity: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, doubles: _Optional[_Union[DoubleValues, _Mapping]] = ..., int64s: _Optional[_Union[Int64Values, _Mapping]] = ..., categories: _Optional[_Union[CategoryCodes, _Mapping]] = ..., bools: _Optional[_Union[BoolValues, _Mapping]] = ..., strings: _Optional[_Union[StringValues, _Mapping]] = ..., dates: _Optional[_Union[DateValues, _Mapping]] = ..., timestamps: _Optional[_Union[TimestampValues, _Mapping]] = ..., validity: _Optional[_Iterable[bool]] = ...) -> None: ...

class DoubleValues(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class Int64Values(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, values: _Optional[_Iterable[int]] = ...) -> None: ...

class CategoryCodes(_message.Message):
    __slots__ = ("codes",)
    CODES_FIELD_NUMBER: _ClassVar[int]
    codes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, codes: _Optional[_Iterable[int]] = ...) -> None: ...

class BoolValues(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, values: _Optional[_Iterable[bool]] = ...) -> None: ...

class StringValues(_message.Message):
    __slots__ = ("offsets", "data")
    OFFSETS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    offsets: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    def __init__(self, offsets: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ...) -> None: ...

class DateValues(_message.Message):
    __slots__ = ("days",)
    DAYS_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, days: _Optional[_Iterable[int]] = ...) -> None: ...

class TimestampValues(_message.Message):
    __slots__ = ("microseconds",)
    MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    microseconds: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, microseconds: _Optional[_Iterable[int]] = ...) -> None: ...

class GenerateImagesRequest(_message.Message):
    __slots__ = ("model", "count", "seed", "offset", "conditions", "format", "images_per_message", "jpeg_quality")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    IMAGES_PER_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    JPEG_QUALITY_FIELD_NUMBER: _ClassVar[int]
    model: str
    count: int
    seed: int
    offset: int
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    format: ImageFormat
    images_per_message: int
    jpeg_quality: int
    def __init__(self, model: _Optional[str] = ..., count: _Optional[int] = ..., seed: _Optional[int] = ..., offset: _Optional[int] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., format: _Optional[_Union[ImageFormat, str]] = ..., images_per_message: _Optional[int] = ..., jpeg_quality: _Optional[int] = ...) -> None: ...

class GenerateImagesResponse(_message.Message):
    __slots__ = ("info", "first_index", "images")
    INFO_FIELD_NUMBER: _ClassVar[int]
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    info: ImageStreamInfo
    first_index: int
    images: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, info: _Optional[_Union[ImageStreamInfo, _Mapping]] = ..., first_index: _Optional[int] = ..., images: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ImageStreamInfo(_message.Message):
    __slots__ = ("model", "seed", "schema", "media_type")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    model: str
    seed: int
    schema: _schema_pb2.ImageSchema
    media_type: str
    def __init__(self, model: _Optional[str] = ..., seed: _Optional[int] = ..., schema: _Optional[_Union[_schema_pb2.ImageSchema, _Mapping]] = ..., media_type: _Optional[str] = ...) -> None: ...
