"""Trains the LeNet-5 that reads digits, and converts it to ONNX."""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from keras import layers
from numpy.typing import NDArray

from synthserve_training.data.datasets import Images
from synthserve_training.evaluation.images.digits import CLASSES, FEATURES

_EPOCHS = 20
_BATCH_SIZE = 128
_SHIFT = 1  # pixel
_OPSET = 18


def build(seed: int = 0) -> keras.Model:
    """Builds LeNet-5 with rectifiers and maximum pooling: pixels [n, 28, 28, 1] to features [n, 84], logits [n, 10]."""
    keras.utils.set_random_seed(seed)
    pixels = layers.Input((28, 28, 1), name="pixels")
    hidden = layers.Rescaling(1.0 / 255.0)(pixels)
    hidden = layers.Conv2D(6, 5, padding="same", activation="relu")(hidden)
    hidden = layers.MaxPooling2D()(hidden)
    hidden = layers.Conv2D(16, 5, activation="relu")(hidden)
    hidden = layers.MaxPooling2D()(hidden)
    hidden = layers.Flatten()(hidden)
    hidden = layers.Dense(120, activation="relu")(hidden)
    features = layers.Dense(FEATURES, activation="relu", name="features")(hidden)
    logits = layers.Dense(CLASSES, name="logits")(features)
    return keras.Model(pixels, {"features": features, "logits": logits})


def train(network: keras.Model, images: Images, epochs: int = _EPOCHS, seed: int = 0) -> None:
    """Trains on digits that are shifted by up to one pixel, with a learning rate that falls to 0 along a cosine."""
    steps = epochs * -(-len(images.pixels) // _BATCH_SIZE)
    logits = keras.Model(network.input, network.output["logits"])
    logits.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    generator = np.random.default_rng(seed)
    for _ in range(epochs):
        order = generator.permutation(len(images.pixels))
        for start in range(0, len(order), _BATCH_SIZE):
            batch = order[start : start + _BATCH_SIZE]
            logits.train_on_batch(_shifted(images.pixels[batch], generator), images.labels[batch])


def _shifted(pixels: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    margin = ((0, 0), (_SHIFT, _SHIFT), (_SHIFT, _SHIFT), (0, 0))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(pixels, margin), pixels.shape[1:3], axis=(1, 2))
    down, right = generator.integers(0, 2 * _SHIFT + 1, (2, len(pixels)))
    shifted: NDArray[np.uint8] = windows[np.arange(len(pixels)), down, right].transpose(0, 2, 3, 1)
    return shifted


def keep(network: keras.Model, path: Path) -> None:
    """Writes the network as an ONNX graph from `pixels` to `features` and `logits`."""

    def function(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs: dict[str, tf.Tensor] = network(pixels, training=False)
        return {name: tf.identity(value, name=name) for name, value in outputs.items()}

    signature = [tf.TensorSpec([None, 28, 28, 1], tf.float32, name="pixels")]
    graph, _ = tf2onnx.convert.from_function(tf.function(function), input_signature=signature, opset=_OPSET)
    path.write_bytes(graph.SerializeToString())


def main() -> None:
    """Trains on the images of one file and writes the graph to another: `training IMAGES.npz GRAPH.onnx SEED`."""
    source, target, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with np.load(source, allow_pickle=False) as arrays:
        images = Images(arrays["pixels"], arrays["labels"])
    network = build(seed)
    train(network, images, seed=seed)
    del images  # the conversion takes as much memory again
    keep(network, target)


if __name__ == "__main__":
    main()
