"""The ONNX graph of the network, from pictures to its layer pool_3.

The architecture is Inception v3's (Szegedy et al. 2015, arXiv:1512.00567) with the peculiarities of Google's graph of
2015-12-05: batch normalisation has no factor and an epsilon of 0.001, average pools leave the padding out of the mean,
and the last block pools by maximum where the one before it pools by average. Layers are named as in that graph.

The order of nodes and weights, and the name of the producer, change no value. They are as in the file that the first
reports were made with, so that the graph has the same digest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from synthserve_training.errors import DatasetError

Weights = Mapping[str, NDArray[np.float32]]

SIDE = 299
FEATURES = 2048

_EPSILON = 0.001
_OPSET = 13
_IR_VERSION = 8
_PRODUCER = "weights-conversion"

_Size = tuple[int, int]  # height, width
_POINT: _Size = (1, 1)
_SQUARE: _Size = (3, 3)


def build(weights: Weights) -> onnx.ModelProto:
    """Builds the graph: `images` float32 [N, 3, 299, 299] in -1 to 1, to `pool_3` float32 [N, 2048].

    Args:
        weights: Of each convolution `<layer>/weight` [out, in, height, width], and of its normalisation `<layer>/beta`,
            `<layer>/mean` and `<layer>/var`, [out] each.

    Raises:
        DatasetError: Weights are missing or have another shape.
    """
    network = _Network(weights)
    value = _stem(network, _Value("images", 3))
    for name, pooled in (("mixed", 32), ("mixed_1", 64), ("mixed_2", 64)):
        value = _block_35(network, name, value, pooled)
    value = _to_17(network, "mixed_3", value)
    for name, inner in (("mixed_4", 128), ("mixed_5", 160), ("mixed_6", 160), ("mixed_7", 192)):
        value = _block_17(network, name, value, inner)
    value = _to_8(network, "mixed_8", value)
    value = _block_8(network, "mixed_9", value, network.average)
    value = _block_8(network, "mixed_10", value, network.maximum)
    return network.finished(value)


@dataclass(frozen=True)
class _Value:
    """A value in the graph, and how many channels it has."""

    name: str
    channels: int


class _Network:
    """The nodes and weights of a graph that is being built."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._model = helper.make_model(
            helper.make_graph(
                [],
                "inception_2015_12_05_pool3",
                [helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
                [helper.make_tensor_value_info("pool_3", onnx.TensorProto.FLOAT, ["N", FEATURES])],
            ),
            producer_name=_PRODUCER,
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", _OPSET)],
        )

    def convolution(
        self, name: str, source: _Value, channels: int, kernel: _Size = _POINT, *, stride: int = 1, padded: bool = True
    ) -> _Value:
        """A convolution without bias, its normalisation, and a rectifier."""
        self._keep(f"{name}/weight", (channels, source.channels, *kernel))
        for kind in ("beta", "mean", "var"):
            self._keep(f"{name}/{kind}", (channels,))
        self._model.graph.initializer.append(numpy_helper.from_array(np.ones(channels, np.float32), f"{name}/gamma"))
        normalisation = [f"{name}/{kind}" for kind in ("gamma", "beta", "mean", "var")]
        convolved = self._node(
            "Conv", f"{name}/Conv2D", [source.name, f"{name}/weight"], **_window(kernel, stride, padded=padded)
        )
        normalised = self._node(
            "BatchNormalization", f"{name}/batchnorm", [convolved, *normalisation], epsilon=_EPSILON
        )
        return _Value(self._node("Relu", f"{name}/Relu", [normalised]), channels)

    def average(self, name: str, source: _Value) -> _Value:
        """The mean around each place, of what lies inside the picture."""
        window = _window(_SQUARE, 1, padded=True)
        return _Value(self._node("AveragePool", name, [source.name], count_include_pad=0, **window), source.channels)

    def maximum(self, name: str, source: _Value, *, stride: int = 1, padded: bool = True) -> _Value:
        """The maximum around each place."""
        window = _window(_SQUARE, stride, padded=padded)
        return _Value(self._node("MaxPool", name, [source.name], **window), source.channels)

    def join(self, name: str, values: Sequence[_Value]) -> _Value:
        """All channels of all values."""
        joined = self._node("Concat", name, [value.name for value in values], axis=1)
        return _Value(joined, sum(value.channels for value in values))

    def finished(self, value: _Value) -> onnx.ModelProto:
        """The graph that gives the mean of a value over all places."""
        pooled = self._node("GlobalAveragePool", "pool_2", [value.name])
        self._model.graph.node.append(helper.make_node("Flatten", [pooled], ["pool_3"], axis=1))
        return self._model

    def _node(self, kind: str, name: str, inputs: list[str], **attributes: object) -> str:
        self._model.graph.node.append(helper.make_node(kind, inputs, [name], name, None, None, None, **attributes))
        return name

    def _keep(self, name: str, shape: tuple[int, ...]) -> None:
        weight = self._weights.get(name)
        if weight is None or weight.shape != shape:
            found = "is missing" if weight is None else f"has the shape {weight.shape}"
            raise DatasetError(f"these are not the weights of the Inception network: {name} {found}, expected {shape}")
        # Each is copied once and at once, so that there are never three copies of all of them.
        self._model.graph.initializer.append(numpy_helper.from_array(weight, name))


def _window(kernel: _Size, stride: int, *, padded: bool) -> dict[str, list[int]]:
    pads = [side // 2 if padded else 0 for side in kernel]
    return {"kernel_shape": list(kernel), "pads": pads * 2, "strides": [stride] * 2}


def _stem(network: _Network, images: _Value) -> _Value:
    value = network.convolution("conv", images, 32, _SQUARE, stride=2, padded=False)
    value = network.convolution("conv_1", value, 32, _SQUARE, padded=False)
    value = network.convolution("conv_2", value, 64, _SQUARE)
    value = network.maximum("pool", value, stride=2, padded=False)
    value = network.convolution("conv_3", value, 80)
    value = network.convolution("conv_4", value, 192, _SQUARE, padded=False)
    return network.maximum("pool_1", value, stride=2, padded=False)


def _tower(network: _Network, name: str, value: _Value, layers: Sequence[tuple[int, _Size]]) -> _Value:
    """Convolutions in a row, called `conv`, `conv_1`, `conv_2`…, each with channels and kernel."""
    for number, (channels, kernel) in enumerate(layers):
        value = network.convolution(f"{name}/conv_{number}".removesuffix("_0"), value, channels, kernel)
    return value


def _block_35(network: _Network, name: str, source: _Value, pooled: int) -> _Value:
    """Towers over 35x35 places."""
    towers = [
        network.convolution(f"{name}/conv", source, 64),
        _tower(network, f"{name}/tower", source, [(48, _POINT), (64, (5, 5))]),
        _tower(network, f"{name}/tower_1", source, [(64, _POINT), (96, _SQUARE), (96, _SQUARE)]),
        network.convolution(f"{name}/tower_2/conv", network.average(f"{name}/tower_2/pool", source), pooled),
    ]
    return network.join(f"{name}/join", towers)


def _to_17(network: _Network, name: str, source: _Value) -> _Value:
    """From 35x35 to 17x17 places."""
    large = network.convolution(f"{name}/conv", source, 384, _SQUARE, stride=2, padded=False)
    tower = _tower(network, f"{name}/tower", source, [(64, _POINT), (96, _SQUARE)])
    tower = network.convolution(f"{name}/tower/conv_2", tower, 96, _SQUARE, stride=2, padded=False)
    return network.join(f"{name}/join", [large, tower, network.maximum(f"{name}/pool", source, stride=2, padded=False)])


def _block_17(network: _Network, name: str, source: _Value, inner: int) -> _Value:
    """Towers over 17x17 places, with kernels that are a row or a column."""
    row, column = (1, 7), (7, 1)
    towers = [
        network.convolution(f"{name}/conv", source, 192),
        _tower(network, f"{name}/tower", source, [(inner, _POINT), (inner, row), (192, column)]),
        _tower(
            network,
            f"{name}/tower_1",
            source,
            [(inner, _POINT), (inner, column), (inner, row), (inner, column), (192, row)],
        ),
        network.convolution(f"{name}/tower_2/conv", network.average(f"{name}/tower_2/pool", source), 192),
    ]
    return network.join(f"{name}/join", towers)


def _to_8(network: _Network, name: str, source: _Value) -> _Value:
    """From 17x17 to 8x8 places."""
    tower = network.convolution(f"{name}/tower/conv", source, 192)
    tower = network.convolution(f"{name}/tower/conv_1", tower, 320, _SQUARE, stride=2, padded=False)
    other = _tower(network, f"{name}/tower_1", source, [(192, _POINT), (192, (1, 7)), (192, (7, 1))])
    other = network.convolution(f"{name}/tower_1/conv_3", other, 192, _SQUARE, stride=2, padded=False)
    return network.join(f"{name}/join", [tower, other, network.maximum(f"{name}/pool", source, stride=2, padded=False)])


def _block_8(network: _Network, name: str, source: _Value, pool: Callable[[str, _Value], _Value]) -> _Value:
    """Towers over 8x8 places, which fork into a row and a column."""
    row, column = (1, 3), (3, 1)
    tower = network.convolution(f"{name}/tower_conv", source, 384)
    other = network.convolution(f"{name}/tower_1_conv", source, 448)
    other = network.convolution(f"{name}/tower_1_conv_1", other, 384, _SQUARE)
    towers = [
        network.convolution(f"{name}/conv", source, 320),
        network.convolution(f"{name}/tower_mixed_conv", tower, 384, row),
        network.convolution(f"{name}/tower_mixed_conv_1", tower, 384, column),
        network.convolution(f"{name}/tower_1_mixed_conv", other, 384, row),
        network.convolution(f"{name}/tower_1_mixed_conv_1", other, 384, column),
        network.convolution(f"{name}/tower_2_conv", pool(f"{name}/tower_2/pool", source), 192),
    ]
    return network.join(f"{name}/join", towers)
