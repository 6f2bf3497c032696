"""Has a graph compute the same as before in less time, and in the same order each time."""

import statistics
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from synthserve_training.export.scales import fold
from synthserve_training.export.transposed import Form, rewrite, transposed_convolutions

ROUNDS = 9
"""How often both sides of a comparison take turns."""

WORTH_IT = 0.97
"""The share of the time at which another form is taken: less of a gain is noise."""

Feeds = Mapping[str, NDArray[Any]]


def optimise(model: onnx.ModelProto, feeds: Feeds) -> tuple[onnx.ModelProto, list[str]]:
    """Rewrites the transposed convolutions, each in the plain form that runs fastest on this processor.

    One that runs faster as it is on a processor is rewritten, too: cuDNN adds it up in no fixed order, so that a GPU
    would not give the same bits twice.

    Args:
        model: The graph; it stays as it is.
        feeds: Inputs to time it with, of as many samples as it will be run with.

    Returns:
        The graph, and in words what was changed. Without transposed convolutions it is the one given.
    """
    folded = fold(model)
    layers = transposed_convolutions(folded.graph)
    if not layers:
        return model, []
    forms = dict.fromkeys(layers, Form.JOINT)
    best = rewrite(folded, forms)
    for layer in layers:
        other = rewrite(folded, {**forms, layer: Form.APART})
        if _ratio(best, other, feeds) < WORTH_IT:
            best, forms = other, {**forms, layer: Form.APART}
    changed = [f"transposed convolution {layers.index(layer) + 1}: {form.value}" for layer, form in forms.items()]
    share = _ratio(model, best, feeds)
    return best, [*changed, f"takes {share:.2f} of the time on the processor that exported it"]


def _ratio(one: onnx.ModelProto, other: onnx.ModelProto, feeds: Feeds) -> float:
    """The share of one graph's time that another takes: the median over rounds in which both take turns."""
    sessions = [_session(one), _session(other)]
    for session in sessions:
        session.run(None, feeds)
    shares = []
    for _ in range(ROUNDS):
        before, after = (_seconds(session, feeds) for session in sessions)
        shares.append(after / before)
    return statistics.median(shares)


def _seconds(session: onnxruntime.InferenceSession, feeds: Feeds) -> float:
    started = time.perf_counter()
    session.run(None, feeds)
    return time.perf_counter() - started


def _session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # as a server's workers run it
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def probe(latent_size: int, conditions: tuple[str, ...], batch_size: int) -> dict[str, NDArray[Any]]:
    """Inputs to time a graph with.

    Args:
        latent_size: Width of the latent.
        conditions: Names of the condition inputs.
        batch_size: How many samples.
    """
    latent = np.random.default_rng(0).standard_normal((batch_size, latent_size), np.float32)
    return {"latent": latent} | {name: np.full(batch_size, -1, np.int64) for name in conditions}
