"""What the server says about its models, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from synthserve import _schema
from synthserve._exceptions import ProtocolError
from synthserve._names import parse_version, short_name
from synthserve.v1 import model_pb2, schema_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from synthserve._schema import Condition, ImageSchema, TableSchema

ModelState: TypeAlias = Literal["ready", "failed", "loading", "unloading", "unknown"]
"""What a version can do; `unknown` for what a newer server may say."""

_STATES: dict[int, ModelState] = {
    model_pb2.MODEL_STATE_READY: "ready",
    model_pb2.MODEL_STATE_FAILED: "failed",
    model_pb2.MODEL_STATE_LOADING: "loading",
    model_pb2.MODEL_STATE_UNLOADING: "unloading",
}

Method: TypeAlias = Literal["generate", "score", "transform", "unknown"]
"""What a model can do; `unknown` for what a newer server may say."""

_METHODS: dict[int, Method] = {
    schema_pb2.METHOD_GENERATE: "generate",
    schema_pb2.METHOD_SCORE: "score",
    schema_pb2.METHOD_TRANSFORM: "transform",
}


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
        graph_sha256: SHA-256 of the ONNX graph that generates, 64 hexadecimal digits.
        methods: What it can do: `generate`, `score`, `transform`. Empty when it is not ready.
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
    methods: tuple[Method, ...] = ()

    @property
    def kind(self) -> Literal["table", "image", "unknown"]:
        """What it generates; `unknown` for a model that is not ready."""
        if self.table is not None:
            return "table"
        return "unknown" if self.image is None else "image"


@dataclass(frozen=True, slots=True)
class ModelChanges:
    """The changes after a scan of the repository.

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


def list_request(*, full: bool) -> model_pb2.ListModelsRequest:
    """Builds the request for the first page of the list of models.

    Args:
        full: Whether the categories of columns and conditions are wanted.
    """
    view = model_pb2.MODEL_VIEW_FULL if full else model_pb2.MODEL_VIEW_BASIC
    return model_pb2.ListModelsRequest(page_size=1000, view=view)


class ModelPages:
    """Puts a description together whose categories come in more than one page."""

    def __init__(self) -> None:
        self._message: model_pb2.Model | None = None

    def add(self, page: model_pb2.GetModelResponse) -> str:
        """Takes the next page.

        Returns:
            The token of the one that follows; empty: this was the last one.

        Raises:
            ProtocolError: It does not fit to those before.
        """
        if self._message is None:
            self._message = page.model
        else:
            parts = [*page.part.columns, *page.part.conditions]
            if page.next_page_token and not any(part.categories for part in parts):
                raise ProtocolError("the server sent a page of a model's description that holds nothing")
            _schema.append(page.part.columns, self._message.table.columns)
            _schema.append(page.part.conditions, self._message.conditions)
        return page.next_page_token

    def model(self) -> Model:
        """Returns the whole description.

        Raises:
            ProtocolError: A part of it is missing, or is not what the contract says.
        """
        if self._message is None:
            raise ProtocolError("the server sent no page of a model's description")
        _schema.check_whole(self._message.table.columns)
        # The conditions of a table use the categories of their columns.
        _schema.check_whole(c for c in self._message.conditions if c.categories or not self._message.HasField("table"))
        return model(self._message)


def model(message: model_pb2.Model) -> Model:
    """Reads a model's description.

    Raises:
        ProtocolError: A name or a column in it is not what the contract says.
    """
    version = parse_version(message.version)
    table = _schema.table_schema(message.table) if message.HasField("table") else None
    return Model(
        name=version.model,
        version=version.version,
        versions=tuple(parse_version(name).version for name in message.versions),
        state=_STATES.get(message.state, "unknown"),
        state_reason=message.state_reason,
        table=table,
        image=_schema.image_schema(message.image) if message.HasField("image") else None,
        conditions=_schema.conditions(message.conditions, table),
        figures=tuple(_figure(figure) for figure in message.figures),
        card=_card(message.card),
        graph_sha256=message.graph_sha256,
        methods=tuple(_METHODS.get(method, "unknown") for method in message.methods),
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
