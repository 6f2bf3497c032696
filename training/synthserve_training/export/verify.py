"""Holds an exported graph against the Keras model that it was made from, on fresh noise."""

import secrets
from collections.abc import Mapping

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

Values = Mapping[str, NDArray[np.generic]]


def verify(graph: bytes, model: FinishedModel, samples: int = SAMPLES) -> None:
    """Compares what onnxruntime and Keras make of the same noise, without and with each condition.

    Args:
        graph: The serialised ONNX model.
        model: The model that it was converted from.
        samples: How many samples to compare, at least 2.

    Raises:
        ExportError: Floats differ by more than 1e-5 relative, pixels by more than one level, or anything else at all;
            a column has more decimals than its schema tells; or the graph gives other values for a sample on its own
            than within a batch.
    """
    session = _session(graph)
    generator = np.random.default_rng(secrets.randbits(64))
    latent = generator.standard_normal((samples, model.noise_size), np.float32)
    cycled = np.arange(samples, dtype=np.int64)
    for wanted in (None, *model.conditions):
        conditions = {
            column: cycled % 2 - 1 if column == wanted else np.full(samples, -1, np.int64)
            for column in model.conditions
        }
        expected = {name: np.asarray(value) for name, value in model(latent, conditions).items()}
        actual = _run(session, latent, conditions)
        compare(expected, actual)
        check_decimals(model.decoder.schema, actual)
        alone = [_run(session, latent[i : i + 1], {c: v[i : i + 1] for c, v in conditions.items()}) for i in range(2)]
        for name, values in actual.items():
            if any(not np.array_equal(values[i], single[name][0]) for i, single in enumerate(alone)):
                raise ExportError(f"output {name!r} of a sample depends on the batch that it is computed in")


def compare(expected: Values, actual: Values) -> None:
    """Checks that two sets of finished values agree.

    Raises:
        ExportError: They do not; the message names the output and the largest difference.
    """
    if list(expected) != list(actual):
        raise ExportError(f"the graph's outputs are {list(actual)}, expected {list(expected)}")
    for name, wanted in expected.items():
        got = actual[name]
        if got.dtype != wanted.dtype or got.shape != wanted.shape:
            raise ExportError(f"output {name!r} is {got.dtype}{got.shape}, expected {wanted.dtype}{wanted.shape}")
        if np.issubdtype(wanted.dtype, np.floating):
            agree = np.allclose(got, wanted, rtol=RELATIVE_TOLERANCE, atol=RELATIVE_TOLERANCE)
        elif wanted.dtype == np.uint8:
            agree = bool((np.abs(got.astype(np.int16) - wanted.astype(np.int16)) <= PIXEL_TOLERANCE).all())
        else:
            agree = np.array_equal(got, wanted)
        if not agree:
            difference = np.abs(got.astype(np.float64) - wanted.astype(np.float64)).max()
            raise ExportError(f"output {name!r} differs between onnxruntime and Keras by up to {difference:.3g}")


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


def _session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _run(
    session: onnxruntime.InferenceSession, latent: NDArray[np.float32], conditions: Values
) -> dict[str, NDArray[np.generic]]:
    feeds = {LATENT: latent} | {condition_input(column): code for column, code in conditions.items()}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))
