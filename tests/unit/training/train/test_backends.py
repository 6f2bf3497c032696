import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.train.averaging import WeightAverage
from synthserve_training.train.backends import Turn, compile_steps
from synthserve_training.train.objectives import Player
from synthserve_training.types import Tensor

ROWS, STEPS = 8, 3


def trained(turns: list[Turn], parts: int | None) -> NDArray[np.float32]:
    """The losses of a small training, the weights after it, and their average, one after the other."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
    average = WeightAverage(network, 0.9)

    def loss(batch: Tensor, noise: Tensor, _schedule: object) -> dict[str, Tensor]:
        return {"loss": ops.mean(ops.square(network(batch["inputs"]) - batch["targets"] - noise))}

    player = Player("network", (network,), keras.optimizers.SGD(0.1), loss, 1)
    steps = compile_steps([player], average, parts=parts)
    losses = [float(each["network_loss"]) for each in steps(turns, {})]
    weights = (*network.get_weights(), *average.network.get_weights())
    return np.concatenate([losses, *map(np.ravel, weights)])


def test_a_step_in_parts_is_the_step_of_the_whole_batch() -> None:
    generator = np.random.default_rng(0)
    whole: list[Turn] = []
    for _ in range(STEPS):
        inputs, targets, noise = (generator.normal(size=(ROWS, width)).astype(np.float32) for width in (2, 1, 1))
        whole.append(({"inputs": inputs, "targets": targets}, {"network": noise}))
    halves: list[Turn] = [
        (
            {name: values.reshape(2, ROWS // 2, -1) for name, values in batch.items()},
            {name: values.reshape(2, ROWS // 2, -1) for name, values in noise.items()},
        )
        for batch, noise in whole
        if not isinstance(batch, np.ndarray)
    ]
    np.testing.assert_allclose(trained(whole, None), trained(halves, 2), rtol=1e-4, atol=1e-6)


def test_parts_are_means_not_sums() -> None:
    inputs = np.ones((2, 1, 2), np.float32)
    targets = np.array([[[0.0]], [[100.0]]], np.float32)
    turn: Turn = ({"inputs": inputs, "targets": targets}, {"network": np.zeros((2, 1, 1), np.float32)})
    first, *_ = trained([turn], 2)
    assert 4000 < first < 6000
