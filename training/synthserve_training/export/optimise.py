"""Has a graph compute the same as before in less time, and in the same order each time."""

import statistics
import time

import onnx

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import Tensors
from synthserve_training.export.scales import fold
from synthserve_training.export.transposed import Form, rewrite, transposed_convolutions

ROUNDS = 9
"""How often both sides of a comparison take turns."""

WORTH_IT = 0.97
"""The share of the time at which another form is taken: less of a gain is noise."""


def optimise(model: onnx.ModelProto, feeds: Tensors) -> tuple[onnx.ModelProto, list[str]]:
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
        if time_ratio(best, other, feeds) < WORTH_IT:
            best, forms = other, {**forms, layer: Form.APART}
    changed = [f"transposed convolution {layers.index(layer) + 1}: {form.value}" for layer, form in forms.items()]
    share = time_ratio(model, best, feeds)
    return best, [*changed, f"takes {share:.2f} of the time on the processor that exported it"]


def time_ratio(one: onnx.ModelProto, other: onnx.ModelProto, feeds: Tensors) -> float:
    """The time of a graph as a share of that of another: the median over rounds in which they alternate.

    Args:
        one: The graph that is the measure.
        other: The graph that is timed.
        feeds: The inputs of both, by name.
    """
    sessions = [_session(model, feeds) for model in (one, other)]
    for session in sessions:
        _run(session, feeds)
    shares = []
    for _ in range(ROUNDS):
        before, after = (_seconds(session, feeds) for session in sessions)
        shares.append(after / before)
    return statistics.median(shares)


def _seconds(session: Session, feeds: Tensors) -> float:
    started = time.perf_counter()
    _run(session, feeds)
    return time.perf_counter() - started


def _session(model: onnx.ModelProto, feeds: Tensors) -> Session:
    return Session(model.SerializeToString(), CPU, _size(feeds))


def _run(session: Session, feeds: Tensors) -> None:
    session.run(feeds, _size(feeds), Cancellation())


def _size(feeds: Tensors) -> int:
    return max(len(array) for array in feeds.values())
