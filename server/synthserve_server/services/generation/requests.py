"""Checks generation requests and converts them to plain objects with valid values only."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from synthserve.v1 import generation_pb2
from synthserve_core.contract import names
from synthserve_core.contract.model import Image, Model, Table
from synthserve_core.encoding import images, rows
from synthserve_core.generation import LARGEST, GenerationSpec
from synthserve_core.quoting import listed, quoted
from synthserve_server.errors import InvalidRequestError, ServiceError, Violation
from synthserve_server.models.catalogue import Catalogue, ReadyPackage
from synthserve_server.services.generation.conditions import conditions

DEFAULT_JPEG_QUALITY = 95

ROW_FORMATS: dict[int, rows.Format | None] = {
    generation_pb2.ROW_FORMAT_UNSPECIFIED: None,
    generation_pb2.ROW_FORMAT_COLUMNS: None,
    generation_pb2.ROW_FORMAT_ARROW: rows.Format.ARROW,
    generation_pb2.ROW_FORMAT_CSV: rows.Format.CSV,
    generation_pb2.ROW_FORMAT_JSON_LINES: rows.Format.JSON_LINES,
}
"""The file format of each row format; None for typed columns."""

IMAGE_FORMATS: dict[int, images.Format] = {
    generation_pb2.IMAGE_FORMAT_UNSPECIFIED: images.Format.PNG,
    generation_pb2.IMAGE_FORMAT_PNG: images.Format.PNG,
    generation_pb2.IMAGE_FORMAT_JPEG: images.Format.JPEG,
    generation_pb2.IMAGE_FORMAT_RAW: images.Format.RAW,
}
"""The file format of each image format."""


@dataclass(frozen=True)
class SampleRequest:
    """A request with valid values only.

    Attributes:
        package: The model.
        spec: The samples to generate.
        hint: The samples per message that the caller prefers; 0: no preference.
    """

    package: ReadyPackage
    spec: GenerationSpec
    hint: int


@dataclass(frozen=True)
class RowsRequest(SampleRequest):
    """A request for rows."""

    table: Table
    file_format: rows.Format | None


@dataclass(frozen=True)
class ImagesRequest(SampleRequest):
    """A request for images."""

    image: Image
    file_format: images.Format
    jpeg_quality: int


Request = TypeVar("Request", generation_pb2.GenerateRowsRequest, generation_pb2.GenerateImagesRequest)


def rows_request(
    request: generation_pb2.GenerateRowsRequest, catalogue: Catalogue, max_count: int | None
) -> RowsRequest:
    """Checks a request for rows.

    Args:
        request: What the caller sent.
        catalogue: The models.
        max_count: The most rows that one call may ask for; None: no limit.

    Raises:
        InvalidRequestError: Fields have invalid values; the error names them all.
        ModelNotFoundError: There is no such model or version.
        ModelFailedError: The model could not be loaded.
        ModelLoadingError: The model is being loaded.
        ModelUnloadingError: The model accepts no new streams.
    """
    violations = _range_violations(request, max_count)
    violations += _format_violations(request.format, ROW_FORMATS, generation_pb2.RowFormat.Name)
    violations += _hint_violations("rows_per_message", request.rows_per_message)
    package = _package(request.model, catalogue, violations)
    table = package.model.output
    if not isinstance(table, Table):
        violations.append(_wrong_kind(package.model, "images; use GenerateImages", Table, catalogue))
        raise InvalidRequestError(violations)
    spec = _spec(request, package.model, violations)
    return RowsRequest(
        package=package,
        spec=spec,
        hint=request.rows_per_message,
        table=table,
        file_format=ROW_FORMATS[request.format],
    )


def images_request(
    request: generation_pb2.GenerateImagesRequest, catalogue: Catalogue, max_count: int | None
) -> ImagesRequest:
    """Checks a request for images; arguments and errors are those of `rows_request`."""
    violations = _range_violations(request, max_count)
    violations += _format_violations(request.format, IMAGE_FORMATS, generation_pb2.ImageFormat.Name)
    violations += _hint_violations("images_per_message", request.images_per_message)
    if not 0 <= request.jpeg_quality <= 100:
        violations.append(Violation("jpeg_quality", f"must be from 1 to 100, or 0 for {DEFAULT_JPEG_QUALITY}"))
    package = _package(request.model, catalogue, violations)
    image = package.model.output
    if not isinstance(image, Image):
        violations.append(_wrong_kind(package.model, "rows; use GenerateRows", Image, catalogue))
        raise InvalidRequestError(violations)
    spec = _spec(request, package.model, violations)
    return ImagesRequest(
        package=package,
        spec=spec,
        hint=request.images_per_message,
        image=image,
        file_format=IMAGE_FORMATS[request.format],
        jpeg_quality=request.jpeg_quality or DEFAULT_JPEG_QUALITY,
    )


def _spec(request: Request, model: Model, violations: list[Violation]) -> GenerationSpec:
    """The specification of the samples to generate.

    Args:
        request: The request.
        model: The model that it names.
        violations: The violations found so far.

    Raises:
        InvalidRequestError: The request has violations.
    """
    tests, found = conditions(request.conditions, model, violations)
    if violations:
        raise InvalidRequestError(violations)
    spec = GenerationSpec(
        model=model,
        seed=request.seed if request.HasField("seed") else secrets.randbits(63),
        start=request.offset,
        count=request.count if request.HasField("count") else None,
        tests=tests,
        settings=found,
    )
    _ = spec.query  # here, as large requests are checked in a thread
    return spec


def _range_violations(request: Request, max_count: int | None) -> list[Violation]:
    violations = []
    most = LARGEST if max_count is None else max_count
    if not request.HasField("count"):
        if max_count is not None:
            violations.append(Violation("count", f"must be set on this server, from 0 to {max_count}"))
    elif not 0 <= request.count <= most:
        violations.append(Violation("count", f"must be from 0 to {most}, not {request.count}"))
    elif request.offset + request.count > LARGEST:
        violations.append(Violation("count", "offset + count must stay below 2^63"))
    if request.offset < 0:
        violations.append(Violation("offset", f"must be from 0 to {LARGEST}, not {request.offset}"))
    if request.seed < 0:
        violations.append(Violation("seed", f"must be from 0 to {LARGEST}, not {request.seed}"))
    return violations


def _format_violations(value: int, known: Mapping[int, object], name: Callable[[int], str]) -> list[Violation]:
    if value in known:
        return []
    return [Violation("format", f"{value} is not a format; allowed are: {listed(name(number) for number in known)}")]


def _hint_violations(field: str, hint: int) -> list[Violation]:
    return [] if hint >= 0 else [Violation(field, f"must be at least 1, or 0 for the server's choice, not {hint}")]


def _package(name: str, catalogue: Catalogue, violations: list[Violation]) -> ReadyPackage:
    """Finds the model. Violations found so far take precedence over a missing model."""
    parsed = names.parse(name)
    if parsed is None:
        meant = names.meant(name, catalogue.models)
        violations.append(Violation("model", f"must be {names.FORM}, not {quoted(name)}{meant}"))
        raise InvalidRequestError(violations)
    try:
        return catalogue.ready(parsed)
    except ServiceError:
        if violations:
            raise InvalidRequestError(violations) from None
        raise


def _wrong_kind(model: Model, gives: str, wanted: type[Table | Image], catalogue: Catalogue) -> Violation:
    fitting = [package.id for package in catalogue.served() if isinstance(package.model.output, wanted)]
    return Violation(
        "model", f"models/{model.id} generates {gives}; allowed here are: {listed(f'models/{one}' for one in fitting)}"
    )
