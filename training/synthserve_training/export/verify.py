"""Holds an exported graph against the Keras model that it was made from, on fresh noise."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from synthserve.v1.schema_pb2 import ImageSchema, TableSchema
from synthserve_training.errors import ExportError
from synthserve_training.export.graph import LATENT, condition_input
from synthserve_training.finished import FinishedModel

SAMPLES = 512
RELATIVE_TOLERANCE = 1e-5
PIXEL_TOLERANCE = 1

# Batches that start at a multiple of four and hold a multiple of four, as a server on a CPU runs them.
_BATCHES = ((0, 4), (4, 16), (100, 232))

_DISTURBANCES = 16
_MOST_UNSTABLE = 0.02  # of the samples

Values = Mapping[str, NDArray[np.generic]]


def verify(graph: bytes, model: FinishedModel, samples: int = SAMPLES) -> None:
    """Compares what onnxruntime and Keras make of the same noise, without and with each condition.

    Finished values are rounded, and categories chosen: a sample that lies within float error of such a step can fall on
    either side of it. A difference is forgiven where Keras gives the value itself once the noise is disturbed by no
    more than the tolerance.

    Args:
        graph: The serialised ONNX model.
        model: The model that it was converted from.
        samples: How many samples to compare, at least 232.

    Raises:
        ExportError: Floats differ by more than 1e-5 relative, pixels by more than one level, or anything else at all;
            a column has more decimals than its schema tells; or the graph gives other values for a sample in a small
            batch than in a large one.
    """
    session = _session(graph)
    generator = np.random.default_rng(secrets.randbits(64))
    latent = generator.standard_normal((samples, model.noise_size), np.float32)
    for conditions in _conditions(model, samples):
        expected, actual = _keras(model, latent, conditions), _run(session, latent, conditions)
        check_kinds(expected, actual)
        wrong = {name: ~agreement(expected[name], actual[name]) for name in expected}
        doubtful = np.flatnonzero(np.any([_by_sample(mask) for mask in wrong.values()], axis=0))
        forgiven = doubtful.size <= _MOST_UNSTABLE * samples and stands_on_a_step(
            model, latent[doubtful], _cut(conditions, doubtful), _cut(actual, doubtful)
        )
        if not forgiven:
            name = next(name for name, mask in wrong.items() if mask.any())
            difference = np.abs(actual[name].astype(np.float64) - expected[name].astype(np.float64)).max()
            raise ExportError(f"output {name!r} differs between onnxruntime and Keras by up to {difference:.3g}")
        check_decimals(model.decoder.schema, actual)
        for start, stop in _BATCHES:
            part = np.arange(start, stop)
            alone = _run(session, latent[part], _cut(conditions, part))
            for name, values in _cut(actual, part).items():
                if not np.array_equal(values, alone[name]):
                    raise ExportError(f"output {name!r} of a sample depends on the batch that it is computed in")


def check_kinds(expected: Values, actual: Values) -> None:
    """Checks that outputs have the same names, types and shapes.

    Raises:
        ExportError: They do not.
    """
    if list(expected) != list(actual):
        raise ExportError(f"the graph's outputs are {list(actual)}, expected {list(expected)}")
    for name, wanted in expected.items():
        got = actual[name]
        if got.dtype != wanted.dtype or got.shape != wanted.shape:
            raise ExportError(f"output {name!r} is {got.dtype}{got.shape}, expected {wanted.dtype}{wanted.shape}")


def agreement(expected: NDArray[Any], actual: NDArray[Any]) -> NDArray[np.bool_]:
    """Tells where two outputs of the same type and shape agree.

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


def check_decimals(schema: TableSchema | ImageSchema, values: Values) -> None:
    """Checks that rounded columns are the doubles that print with no more decimals than their schema tells.

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
                    f"output {column.name!r} has {wrong[0]!r}, which has more than {column.decimals} decimals"
                )


def _conditions(model: FinishedModel, samples: int) -> Iterator[dict[str, NDArray[np.int64]]]:
    """No condition; then for each column all of its categories and none in turn, the others unset."""
    unset = {column: np.full(samples, -1, np.int64) for column in model.conditions}
    yield unset
    for column in model.conditions:
        codes = np.arange(samples, dtype=np.int64) % (len(model.categories(column)) + 1) - 1
        yield {**unset, column: codes}


def stands_on_a_step(
    model: FinishedModel, latent: NDArray[np.float32], conditions: Mapping[str, NDArray[np.int64]], actual: Values
) -> bool:
    """Tells whether Keras gives each of the values, too, when the noise is disturbed.

    Each number of it by up to 1e-5 of itself or, below one, of one, its standard deviation: where noise happens to be
    near zero, float errors come from what is computed of it, and are no smaller than elsewhere.

    Args:
        model: The model.
        latent: float32 [n, noise_size]; no samples at all stand on a step.
        conditions: int64 [n] for each condition.
        actual: Finished values of other origin, [n, ...] each.
    """
    if not len(latent):
        return True
    explained = {name: np.zeros(values.shape, np.bool_) for name, values in actual.items()}
    generator = np.random.default_rng(0)
    for _ in range(_DISTURBANCES):
        shift = RELATIVE_TOLERANCE * generator.uniform(-1, 1, latent.shape) * np.maximum(np.abs(latent), 1.0)
        disturbed = _keras(model, (latent + shift).astype(np.float32), conditions)
        for name, values in actual.items():
            explained[name] |= agreement(disturbed[name], values)
    return all(mask.all() for mask in explained.values())


def _by_sample(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(mask.reshape(len(mask), -1).any(axis=1))


def _cut(values: Mapping[str, NDArray[Any]], indices: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    return {name: array[indices] for name, array in values.items()}


def _keras(
    model: FinishedModel, latent: NDArray[np.float32], conditions: Mapping[str, NDArray[np.int64]]
) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(value) for name, value in model(latent, conditions).items()}


def _session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _run(
    session: onnxruntime.InferenceSession, latent: NDArray[np.float32], conditions: Values
) -> dict[str, NDArray[Any]]:
    feeds = {LATENT: latent} | {condition_input(column): code for column, code in conditions.items()}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))
