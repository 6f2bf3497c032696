"""The calls of a profile as gRPC has them: a path, and serialised requests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.load.open_loop.profiles import CallOf, GenerateImages, GenerateRows, GetModel

from synthserve.v1 import generation_pb2, model_pb2

_ROW_FORMATS = {
    "columns": generation_pb2.ROW_FORMAT_COLUMNS,
    "arrow": generation_pb2.ROW_FORMAT_ARROW,
    "csv": generation_pb2.ROW_FORMAT_CSV,
    "json_lines": generation_pb2.ROW_FORMAT_JSON_LINES,
}
_IMAGE_FORMATS = {
    "png": generation_pb2.IMAGE_FORMAT_PNG,
    "jpeg": generation_pb2.IMAGE_FORMAT_JPEG,
    "raw": generation_pb2.IMAGE_FORMAT_RAW,
}


@dataclass(frozen=True)
class Method:
    """What is called."""

    service: str
    name: str
    streaming: bool
    proto: str
    """The file that has it, relative to `proto/`."""

    @property
    def path(self) -> str:
        """As it stands in a request."""
        return f"/{self.service}/{self.name}"


def resource(model: str) -> str:
    """The resource name of a model."""
    return model if model.startswith("models/") else f"models/{model}"


def method(call: CallOf) -> Method:
    """What a profile calls."""
    if isinstance(call, GetModel):
        return Method("synthserve.v1.ModelService", "GetModel", False, "synthserve/v1/model.proto")
    return Method("synthserve.v1.GenerationService", call.method, True, "synthserve/v1/generation.proto")


def request(
    call: CallOf, seed: int
) -> model_pb2.GetModelRequest | generation_pb2.GenerateRowsRequest | generation_pb2.GenerateImagesRequest:
    """One request; what is generated comes from the seed."""
    name = resource(call.model)
    match call:
        case GetModel():
            return model_pb2.GetModelRequest(name=name)
        case GenerateRows():
            return generation_pb2.GenerateRowsRequest(
                model=name,
                count=call.count,
                seed=seed,
                conditions=_conditions(call.conditions),
                format=_ROW_FORMATS[call.format],
                rows_per_message=call.rows_per_message,
            )
        case GenerateImages():
            return generation_pb2.GenerateImagesRequest(
                model=name,
                count=call.count,
                seed=seed,
                conditions=_conditions(call.conditions),
                format=_IMAGE_FORMATS[call.format],
                images_per_message=call.images_per_message,
            )


def _conditions(values: Mapping[str, str]) -> list[generation_pb2.Condition]:
    return [generation_pb2.Condition(column=column, equals=value) for column, value in values.items()]


def serialised(call: CallOf, seeds: Iterable[int]) -> list[bytes]:
    """Requests, made before they are needed; each has a seed of its own, so that no answer is known already."""
    return [request(call, seed).SerializeToString() for seed in seeds]
