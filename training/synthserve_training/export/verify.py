"""Compares an exported graph with the Keras model that it was made from, on fresh noise."""

import secrets
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve.v1.schema_pb2 import ImageSchema, TableSchema
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.feeds import feeds
from synthserve_core.compute.sampler import Draw, keyed, run, sample
from synthserve_core.compute.session import Session
from synthserve_core.contract.conditions import Settings
from synthserve_core.contract.model import PACKET, Distribution, Key, Model, Noise, Tensors
from synthserve_core.errors import CoreError
from synthserve_training.errors import ExportError
from synthserve_training.export.conditions import settings_to_try
from synthserve_training.models import contract
from synthserve_training.models.generative import Generative
from synthserve_training.models.sampling import KerasGraph

SAMPLES = 512
RELATIVE_TOLERANCE = 1e-5
PIXEL_TOLERANCE = 1

_RANGES = ((0, 4), (4, 16), (100, 232), (301, 302))
"""Ranges of samples that are computed alone, too; the core fills up their packets as it does for a server."""

_DISTURBANCES = 16
_MOST_UNSTABLE = 0.02  # of the samples

Values = Mapping[Key, NDArray[Any]]


def verify(graph: bytes, model: Generative, samples: int = SAMPLES, packet: int = PACKET) -> None:
    """Compares what onnxruntime and Keras make of the same noise, without and with each condition.

    Finished values are rounded, and categories chosen: a sample that lies within float error of such a step can fall on
    either side of it. A difference is forgiven where Keras gives the value itself once the noise is disturbed by no
    more than the tolerance.

    Args:
        graph: The serialised ONNX model.
        model: The model that it was converted from.
        samples: How many samples to compare, at least 302.
        packet: In what multiples samples will be computed.

    Raises:
        ExportError: The graph does not fit the manifest; floats differ by more than 1e-5 relative, pixels by more than
            one level, or anything else at all; a column has more decimals than its schema says; or the graph gives
            other values for a sample in a small batch than in a large one.
    """
    described = contract.describe(model, samples, packet)
    try:
        session = Session(graph, CPU, samples)
        session.check(described.generate)
        for settings in settings_to_try(described.generate, samples):
            _verify(session, model, described, settings, samples)
    except CoreError as error:
        raise ExportError(f"the graph is not what its manifest says: {error}") from None


def _verify(session: Session, model: Generative, described: Model, settings: Settings, samples: int) -> None:
    method, seed = described.generate, secrets.randbits(63)
    fed = feeds(method, seed, 0, samples, settings, {}, 0)
    expected = compute(model, described, fed)
    actual = keyed(method, run(method, session, fed, samples, Cancellation()))
    wrong = {key: ~agreement(expected[key], actual[key]) for key in expected}
    doubtful = np.flatnonzero(np.any([_by_sample(mask) for mask in wrong.values()], axis=0))
    forgiven = doubtful.size <= _MOST_UNSTABLE * samples and is_on_a_step(
        model, described, _rows_of(method.input_tensors, fed, doubtful), {k: v[doubtful] for k, v in actual.items()}
    )
    if not forgiven:
        key = next(key for key, mask in wrong.items() if mask.any())
        difference = np.abs(actual[key].astype(np.float64) - expected[key].astype(np.float64)).max()
        name = contract.output_name(key)
        raise ExportError(f"output {name!r} differs between onnxruntime and Keras by up to {difference:.3g}")
    check_decimals(model.schema, actual)
    for start, stop in _RANGES:
        own = {name: values[start:stop] if len(values) > 1 else values for name, values in settings.items()}
        alone = sample(Draw(described, session, seed, start, stop - start, own), Cancellation())
        for key, values in alone.items():
            if not np.array_equal(values, actual[key][start:stop]):
                name = contract.output_name(key)
                raise ExportError(f"output {name!r} of a sample depends on the batch that it is computed in")


def compute(model: Generative, described: Model, fed: Tensors) -> dict[Key, NDArray[Any]]:
    """What Keras makes of the inputs of a graph, by key.

    Raises:
        GraphError: An output has another dtype or shape than the manifest promises.
    """
    method = described.generate
    size = max(len(array) for array in fed.values())
    return keyed(method, run(method, KerasGraph(model, described, is_exact=True), fed, size, Cancellation()))


def agreement(expected: NDArray[Any], actual: NDArray[Any]) -> NDArray[np.bool_]:
    """Finds where two outputs of the same type and shape agree.

    Floats may differ by 1e-5 of the value or, near zero, of the largest one; pixels by one level.

    Returns:
        bool, of the same shape.
    """
    if np.issubdtype(expected.dtype, np.floating):
        largest = np.abs(expected).max(initial=0.0)
        tolerance = RELATIVE_TOLERANCE
        return np.asarray(np.isclose(actual, expected, rtol=tolerance, atol=tolerance * largest))
    if expected.dtype == np.uint8:
        return np.asarray(np.abs(actual.astype(np.int16) - expected.astype(np.int16)) <= PIXEL_TOLERANCE)
    return np.asarray(actual == expected)


def check_decimals(schema: TableSchema | ImageSchema, values: Mapping[Any, NDArray[Any]]) -> None:
    """Checks that rounded columns are the doubles that print with no more decimals than their schema says.

    Raises:
        ExportError: A column has other values.
    """
    if isinstance(schema, ImageSchema):
        return
    for column in schema.columns:
        if column.HasField("decimals"):
            got = values[column.name].astype(np.float64)
            wrong = got[got != [round(value, column.decimals) for value in got.tolist()]]
            if wrong.size:
                raise ExportError(
                    f"column {column.name!r} has {wrong[0]!r}, which has more than {column.decimals} decimals"
                )


def is_on_a_step(model: Generative, described: Model, fed: Tensors, actual: Values) -> bool:
    """Whether Keras, too, gives each of the values when the noise is disturbed.

    Each number of the noise is disturbed by up to 1e-5 of itself or, below one, of one: where noise happens to be near
    zero, float errors come from what is computed of it, and are no smaller than elsewhere.

    Args:
        model: The model.
        described: The core's description of it.
        fed: The inputs of the samples in doubt; without samples the answer is yes.
        actual: Values of another origin by key, `[n, ...]` each.
    """
    explained = {key: np.zeros(values.shape, np.bool_) for key, values in actual.items()}
    if not any(mask.size for mask in explained.values()):
        return True
    generator = np.random.default_rng(0)
    for _ in range(_DISTURBANCES):
        values = compute(model, described, _disturbed(described, fed, generator))
        for key, one in actual.items():
            explained[key] |= agreement(values[key], one)
    return all(mask.all() for mask in explained.values())


def _disturbed(described: Model, fed: Tensors, generator: np.random.Generator) -> dict[str, NDArray[Any]]:
    disturbed = dict(fed)
    for name, role in described.generate.inputs.items():
        if isinstance(role, Noise):
            noise = fed[name]
            shift = RELATIVE_TOLERANCE * generator.uniform(-1, 1, noise.shape) * np.maximum(np.abs(noise), 1.0)
            moved = (noise + shift).astype(np.float32)
            disturbed[name] = np.clip(moved, 0.0, 1.0) if role.distribution is Distribution.UNIFORM else moved
    return disturbed


def _rows_of(tensors: Mapping[str, Any], fed: Tensors, rows: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    return {name: array if tensors[name].shared else array[rows] for name, array in fed.items()}


def _by_sample(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(mask.reshape(len(mask), -1).any(axis=1))
