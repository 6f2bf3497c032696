"""Checks requests to run a graph, and converts them to orders with valid fields only."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve_core.contract import names
from synthserve_core.contract.model import UNSET_CODE, ConditionKind, Given, Model, Noise, Role, Tensor
from synthserve_core.contract.names import ModelName
from synthserve_core.quoting import listed, quoted
from synthserve_core.suggestions import did_you_mean
from synthserve_server.errors import InvalidRequestError, Violation
from synthserve_server.models.catalogue import Catalogue, ReadyPackage
from synthserve_server.services.oip import inference_pb2, tensors

LARGEST_REQUEST = 1 << 20
"""The most bytes of a request. gRPC holds it in memory before the server can check it."""

_ROOM = 16 << 10
"""Bytes of a request reserved for names, shapes, an id and parameters."""

SHARED_MEMORY = "shared_memory_region"
"""Triton's parameter of a tensor whose values are not in the message."""

CLASSIFICATION = "classification"
"""Triton's parameter that asks for an output as the labels of its largest values."""

_HALF = {"FP16", "BF16"}


@dataclass(frozen=True)
class Order:
    """A checked request to run a graph. Workers check the values when they read them.

    Attributes:
        package: The model.
        request: The request; its shapes, datatypes and numbers of values are valid.
        batch: How many samples, at least 1.
        outputs: The names of the requested outputs.
    """

    package: ReadyPackage
    request: inference_pb2.ModelInferRequest
    batch: int
    outputs: tuple[str, ...]

    @property
    def raw(self) -> bool:
        """Whether values are received and sent in their memory layout."""
        return bool(self.request.raw_input_contents)

    def feeds(self) -> dict[str, NDArray[Any]]:
        """The graph's inputs by name.

        Raises:
            InvalidRequestError: A value is not allowed.
        """
        method = self.package.model.generate
        feeds = {}
        for place, tensor in enumerate(self.request.inputs):
            taken = method.input_tensors[tensor.name]
            kind, shape = tensors.datatype(taken.dtype), (tensor.shape[0], *taken.shape)
            if self.raw:
                array = tensors.from_memory(self.request.raw_input_contents[place], kind, shape)
            else:
                array = tensors.from_fields(tensor.contents, kind, shape)
            if problem := _value_problem(method.inputs[tensor.name], array):
                field = f"raw_input_contents[{place}]" if self.raw else f"inputs[{place}].contents.{kind.field}"
                raise InvalidRequestError([Violation(field, problem)])
            feeds[tensor.name] = array
        for name, role in method.inputs.items():
            if name not in feeds and isinstance(role, Given):
                unset = role.condition.unset
                feeds[name] = unset if role.shared else np.repeat(unset, self.batch, axis=0)
        return feeds


def described_shape(tensor: Tensor) -> tuple[int, ...]:
    """The shape of an input without the batch, as described to the protocol's clients.

    A single value for each sample has the shape `[1]`: Triton has no empty shape, and `perf_analyzer` cannot send it.
    """
    return tensor.shape or (1,)


def max_batch(model: Model, max_count: int | None) -> int:
    """The largest batch of one request: the limit of the manifest, or less if the message would be too large.

    Args:
        model: The model.
        max_count: The most samples that one request may ask for; None: no limit.
    """
    sample = sum(math.prod(tensor.shape) * _longest(tensor) for tensor in model.generate.input_tensors.values())
    most = min(model.batch_size, max((LARGEST_REQUEST - _ROOM) // max(sample, 1), 1))
    return most if max_count is None else min(most, max_count)


def _longest(tensor: Tensor) -> int:
    """The most bytes of a value; in typed fields a negative integer takes ten."""
    return 10 if tensor.dtype.kind == "i" else tensor.dtype.itemsize


def ready_package(catalogue: Catalogue, name: str, version: str, field: str = "") -> ReadyPackage:
    """The package that a name and a version mean.

    Args:
        catalogue: The models.
        name: A model.
        version: A version; empty: the default one.
        field: The common prefix of the names of the two fields.

    Raises:
        InvalidRequestError: The name or version is malformed.
        ModelNotFoundError: There is no such model or version.
        ModelFailedError: The model could not be loaded.
    """
    return catalogue.ready(parsed(catalogue, name, version, field))


def parsed(catalogue: Catalogue, name: str, version: str, field: str = "") -> ModelName:
    """The name of a package; arguments are those of `ready_package`.

    Raises:
        InvalidRequestError: The name or version is malformed.
    """
    violations = []
    if not names.MODEL_ID.fullmatch(name):
        meant = did_you_mean(name.removeprefix("models/"), catalogue.models)
        violations.append(Violation(f"{field}name", f"must be {names.MODEL_FORM}, not {quoted(name)}{meant}"))
    if version and not names.VERSION.fullmatch(version):
        violations.append(
            Violation(f"{field}version", f"must be a number from 1, or empty for the default, not {quoted(version)}")
        )
    if violations:
        raise InvalidRequestError(violations)
    return ModelName(name, int(version) if version else None)


def order(request: inference_pb2.ModelInferRequest, catalogue: Catalogue, max_count: int | None) -> Order:
    """Checks a request, except for the values of its tensors.

    Args:
        request: What the caller sent.
        catalogue: The models.
        max_count: The most samples that one request may ask for; None: no limit.

    Raises:
        InvalidRequestError: Fields have invalid values; the error names them all.
        ModelNotFoundError: There is no such model or version.
        ModelFailedError: The model could not be loaded.
    """
    package = ready_package(catalogue, request.model_name, request.model_version, "model_")
    model = package.model
    violations = [*_input_violations(request, model, max_batch(model, max_count)), *_output_violations(request, model)]
    if violations:
        raise InvalidRequestError(violations)
    method = model.generate
    wanted = tuple(output.name for output in request.outputs) or tuple(method.output_tensors)
    batch = next(one.shape[0] for one in request.inputs if not method.input_tensors[one.name].shared)
    return Order(package, request, batch, wanted)


def _input_violations(request: inference_pb2.ModelInferRequest, model: Model, most: int) -> list[Violation]:
    method = model.generate
    taken = method.input_tensors
    violations = list(_name_violations("inputs", [tensor.name for tensor in request.inputs], taken))
    raw = len(request.raw_input_contents)
    if raw not in (0, len(request.inputs)):
        violations.append(Violation("raw_input_contents", f"must be one for each input, not {raw}"))
    given = {tensor.name for tensor in request.inputs}
    violations += [
        Violation("inputs", f"{name!r} is missing")
        for name, role in method.inputs.items()
        if name not in given and not isinstance(role, Given)
    ]
    if violations:  # The inputs cannot be matched with their values.
        return violations
    for place, tensor in enumerate(request.inputs):
        violations += _tensor_violations(f"inputs[{place}]", tensor, taken[tensor.name], most)
        if not violations:
            violations += _values_violations(request, place, taken[tensor.name])
    batches = {
        one.shape[0] for one in request.inputs if one.shape and not (one.name in taken and taken[one.name].shared)
    }
    if not violations and len(batches) > 1:
        violations.append(Violation("inputs", f"must all have the same batch, not {listed(map(str, sorted(batches)))}"))
    return violations


def _name_violations(field: str, given: list[str], known: Mapping[str, Tensor]) -> Iterable[Violation]:
    if len(given) > len(known):
        yield Violation(field, f"must be {len(known)} at most, not {len(given)}")
        return
    for place, name in enumerate(given):
        if name not in known:
            yield Violation(f"{field}[{place}].name", f"{quoted(name)} is unknown; there are: {listed(known)}")
        elif name in given[:place]:
            yield Violation(f"{field}[{place}].name", f"{quoted(name)} is given twice")


def _tensor_violations(
    field: str, tensor: inference_pb2.ModelInferRequest.InferInputTensor, expected: Tensor, most: int
) -> Iterable[Violation]:
    wanted = tensors.datatype(expected.dtype).name
    if tensor.datatype in _HALF:
        yield Violation(f"{field}.datatype", f"{tensor.datatype} is not converted here: send {wanted}")
    elif tensor.datatype != wanted:
        yield Violation(f"{field}.datatype", f"must be {wanted}, not {quoted(tensor.datatype)}")
    if SHARED_MEMORY in tensor.parameters:
        yield Violation(f"{field}.parameters", "shared memory is not served: send the values")
    shape = tuple(tensor.shape[: len(expected.shape) + 2])  # long enough to detect excess dimensions
    if shape[1:] not in (expected.shape, described_shape(expected)) or not shape:
        yield Violation(
            f"{field}.shape", f"must be {['batch', *described_shape(expected)]}, not {_listed_shape(tensor.shape)}"
        )
    elif expected.shared and shape[0] != 1:
        yield Violation(f"{field}.shape", f"the first dimension must be 1, not {shape[0]}: all samples share this")
    elif not 1 <= shape[0] <= most:
        yield Violation(f"{field}.shape", f"the batch must be from 1 to {most}, not {shape[0]}")


def _values_violations(request: inference_pb2.ModelInferRequest, place: int, expected: Tensor) -> Iterable[Violation]:
    tensor = request.inputs[place]
    kind = tensors.datatype(expected.dtype)
    filled = tensors.filled_fields(tensor.contents)
    if request.raw_input_contents:
        if filled:
            yield Violation(f"inputs[{place}].contents", "must be empty where there are raw_input_contents")
        length, right = len(request.raw_input_contents[place]), kind.size(tensor.shape)
        if length != right:
            yield Violation(
                f"raw_input_contents[{place}]",
                f"must be {right} bytes for {tensor.datatype} of the shape {list(tensor.shape)}, not {length}",
            )
        return
    if others := filled.keys() - {kind.field}:
        yield Violation(
            f"inputs[{place}].contents", f"{tensor.datatype} must be in {kind.field}, not {listed(sorted(others))}"
        )
    number, right = filled.get(kind.field, 0), kind.size(tensor.shape) // kind.dtype.itemsize
    if number != right:
        yield Violation(
            f"inputs[{place}].contents.{kind.field}",
            f"must be {right} values for the shape {list(tensor.shape)}, not {number}",
        )


def _output_violations(request: inference_pb2.ModelInferRequest, model: Model) -> Iterable[Violation]:
    yield from _name_violations("outputs", [output.name for output in request.outputs], model.generate.output_tensors)
    for place, output in enumerate(request.outputs[: len(model.generate.output_tensors)]):
        for refused in (SHARED_MEMORY, CLASSIFICATION):
            if refused in output.parameters:
                yield Violation(f"outputs[{place}].parameters", f"{refused} is not served")


def _listed_shape(shape: Iterable[int]) -> str:
    return f"[{listed(map(str, shape))}]"


def _value_problem(role: Role, array: NDArray[Any]) -> str | None:
    """The problem with the values of an input; None if they are valid."""
    match role:
        case Noise():
            return None if np.isfinite(array).all() else "must be finite numbers"
        case Given(condition) if condition.kind is ConditionKind.CODE:
            last = len(condition.categories) - 1
            wrong = (array < UNSET_CODE) | (array > last)
            return f"must be from 0 to {last}, or {UNSET_CODE} for none, not {array[wrong][0]}" if wrong.any() else None
        case Given(condition) if condition.kind is ConditionKind.SET:
            return None if array.any(axis=-1).all() else "must allow at least one value of each sample"
        case Given():
            missing = np.isnan(array).all(axis=-1)
            ordered = array[..., 0] <= array[..., 1]
            return None if (missing | ordered).all() else "must hold a lowest value that is not above the highest"
    return None
