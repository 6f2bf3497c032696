"""An exponential moving average of a network's weights, which generates better than the newest weights do.

Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN training" (arXiv:1806.04498).
"""

import keras
from keras import ops

from synthserve_training.train.precision import in_single_precision
from synthserve_training.types import Tensor


class WeightAverage:
    """A second network whose weights follow those of one that is trained.

    Attributes:
        source: The network that is trained.
        network: Its average: to sample from and to export. It computes in float32.
    """

    def __init__(self, source: keras.Model, decay: float, network: keras.Model | None = None) -> None:
        """Starts the average at the present weights.

        Args:
            source: The network to follow.
            decay: The share of the average that a step keeps, in [0, 1).
            network: A copy of it for the average; None: one is made, which a network of Keras' layers allows.
        """
        self.source = source
        self.network = network or in_single_precision(source)
        self._decay = decay

    def follow(self, steps: Tensor) -> None:
        """Moves the average towards the present weights, the statistics of batch normalisation among them.

        Args:
            steps: How many steps the source has made. While they are few less is kept, so that the average forgets
                the weights that the source started with.
        """
        done = ops.cast(steps, "float32")
        keep = ops.minimum(self._decay, (1.0 + done) / (10.0 + done))
        for averaged, newest in zip(self.network.weights, self.source.weights, strict=True):
            averaged.assign(keep * averaged + (1.0 - keep) * newest)
