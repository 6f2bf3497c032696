"""What the server says about its models, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from synthserve._exceptions import ProtocolError
from synthserve._names import parse_version, short_name
from synthserve.v1 import model_pb2, schema_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

ModelState: TypeAlias = Literal["ready", "failed", "loading", "unloading", "unknown"]
"""What a version can do; `unknown` for what a newer server may say."""

_STATES: dict[int, ModelState] = {
    model_pb2.MODEL_STATE_READY: "ready",
    model_pb2.MODEL_STATE_FAILED: "failed",
    model_pb2.MODEL_STATE_LOADING: "loading",
    model_pb2.MODEL_STATE_UNLOADING: "unloading",
}

ColumnType: TypeAlias = Literal["double", "int64", "category", "bool"]
"""The type of a column's values."""

_COLUMN_TYPES: dict[int, ColumnType] = {
    schema_pb2.COLUMN_TYPE_DOUBLE: "double",
    schema_pb2.COLUMN_TYPE_INT64: "int64",
    schema_pb2.COLUMN_TYPE_CATEGORY: "category",
    schema_pb2.COLUMN_TYPE_BOOL: "bool",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a generated table.

    Attributes:
        name: The column's name, unique within the table.
        type: `double`, `int64`, `category` or `bool`.
        categories: The values of a category, in the order of their codes. Empty for other types.
        decimals: Decimals that a double is rounded to; None if it is not.
        nullable: Whether a value can be missing.
        unit: The physical unit, for example `cm`. Empty: none.
        description: What the column means. Can be empty.
    """

    name: str
    type: ColumnType
    categories: tuple[str, ...] = ()
    decimals: int | None = None
    nullable: bool = False
    unit: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """What a generated row looks like.

    Attributes:
        columns: The columns, in their order in every output.
    """

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class ImageSchema:
    """What a generated image looks like: 8 bits per channel, rows from the top, channels last.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: 1 (grey) or 3 (red, green, blue).
    """

    height: int
    width: int
    channels: int


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that a model can be asked to hold fixed: `where={name: value}`.

    Attributes:
        name: The key; in a table the column that it fixes.
        values: What it accepts.
    """

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quality figure.

    Attributes:
        metric: What was measured.
        value: For the model.
        reference: The same measurement on held-out real data; None if it was not made.
        spread: The standard deviation of `value` over repeats; None if measured once.
        description: How it was measured.
    """

    metric: str
    value: float
    reference: float | None = None
    spread: float | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a person should know before using a model's output.

    Attributes:
        summary: What the model generates.
        training_data: The data that it was trained on.
        training_data_license: The licence of that data.
        license: The licence of the model.
        intended_use: What the output is meant for.
        limits: Known limits, one sentence each.
        privacy: What is known about the privacy of the people in the data, one sentence each.
    """

    summary: str = ""
    training_data: str = ""
    training_data_license: str = ""
    license: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    privacy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One version of a model, as the server sees it.

    Attributes:
        name: The model's name, for example `iris-vae`.
        version: The version that this describes.
        versions: Every version that the server has, newest first.
        state: `ready`; `failed` when it could not be loaded; `loading`; `unloading` when it only finishes the streams
            that it has.
        state_reason: Why it failed; for a ready one, why its new package could not be loaded in its place. Else empty.
        table: What its rows look like; None for an image model and one that is not ready.
        image: What its images look like; None for a table model and one that is not ready.
        conditions: What it can be asked to hold fixed.
        figures: Measured quality.
        card: What a person should know.
        graph_sha256: SHA-256 of the ONNX graph, 64 hexadecimal digits.
    """

    name: str
    version: int
    versions: tuple[int, ...]
    state: ModelState
    state_reason: str
    table: TableSchema | None
    image: ImageSchema | None
    conditions: tuple[Condition, ...]
    figures: tuple[Figure, ...]
    card: ModelCard
    graph_sha256: str

    @property
    def kind(self) -> Literal["table", "image", "unknown"]:
        """What it generates; `unknown` for a model that is not ready."""
        if self.table is not None:
            return "table"
        return "unknown" if self.image is None else "image"


@dataclass(frozen=True, slots=True)
class ModelChanges:
    """What a look at the repository has changed.

    Attributes:
        loaded: The versions that were loaded, new and changed ones, for example `iris-vae@2`.
        unloaded: The versions that are not served any more. Streams that began with them go on.
        failed: Version to why it could not be loaded; what was served under its name before still is.
    """

    loaded: tuple[str, ...]
    unloaded: tuple[str, ...]
    failed: Mapping[str, str]


def model_changes(message: model_pb2.ReloadModelsResponse) -> ModelChanges:
    """Reads what has changed."""
    return ModelChanges(
        loaded=tuple(map(short_name, message.loaded_versions)),
        unloaded=tuple(map(short_name, message.unloaded_versions)),
        failed={short_name(failure.name): failure.reason for failure in message.failures},
    )


def table_schema(message: schema_pb2.TableSchema) -> TableSchema:
    """Reads a table's schema.

    Raises:
        ProtocolError: It has no columns, or one of a type that this client does not know.
    """
    if not message.columns:
        raise ProtocolError("the server sent a table without columns")
    return TableSchema(tuple(_column(column) for column in message.columns))


def image_schema(message: schema_pb2.ImageSchema) -> ImageSchema:
    """Reads an image's schema."""
    return ImageSchema(height=message.height, width=message.width, channels=message.channels)


def model(message: model_pb2.Model) -> Model:
    """Reads a model's description.

    Raises:
        ProtocolError: A name or a column in it is not what the contract says.
    """
    version = parse_version(message.version)
    return Model(
        name=version.model,
        version=version.version,
        versions=tuple(parse_version(name).version for name in message.versions),
        state=_STATES.get(message.state, "unknown"),
        state_reason=message.state_reason,
        table=table_schema(message.table) if message.HasField("table") else None,
        image=image_schema(message.image) if message.HasField("image") else None,
        conditions=tuple(Condition(c.column, tuple(c.categories)) for c in message.conditions),
        figures=tuple(_figure(figure) for figure in message.figures),
        card=_card(message.card),
        graph_sha256=message.graph_sha256,
    )


def _column(message: schema_pb2.Column) -> Column:
    if message.type not in _COLUMN_TYPES:
        raise ProtocolError(f"column {message.name!r} has the type {message.type}, which this client does not know")
    return Column(
        name=message.name,
        type=_COLUMN_TYPES[message.type],
        categories=tuple(message.categories),
        decimals=message.decimals if message.HasField("decimals") else None,
        nullable=message.nullable,
        unit=message.unit,
        description=message.description,
    )


def _figure(message: schema_pb2.QualityFigure) -> Figure:
    return Figure(
        metric=message.metric,
        value=message.value,
        reference=message.reference if message.HasField("reference") else None,
        spread=message.spread if message.HasField("spread") else None,
        description=message.description,
    )


def _card(message: schema_pb2.ModelCard) -> ModelCard:
    return ModelCard(
        summary=message.summary,
        training_data=message.training_data,
        training_data_license=message.training_data_license,
        license=message.license,
        intended_use=message.intended_use,
        limits=tuple(message.limits),
        privacy=tuple(message.privacy),
    )
