"""What Keras computes with: the one place of training that knows TensorFlow from JAX.

Networks and losses are written in `keras.ops`, and a run's checkpoint holds plain arrays: the same run trains on either
and goes on with the other. The environment variable `KERAS_BACKEND` says which it is. Export takes TensorFlow.
"""

import keras

from synthserve_training.backends.steps import Losses, Steps, Turn
from synthserve_training.errors import BackendError

NAME: str = keras.backend.backend()
"""What Keras runs on."""

if NAME == "tensorflow":
    from synthserve_training.backends._tensorflow import accelerators, compile_steps, input_gradient
elif NAME == "jax":
    from synthserve_training.backends._jax import accelerators, compile_steps, input_gradient
else:
    raise BackendError(f"KERAS_BACKEND={NAME} does not train here: tensorflow and jax do")

__all__ = ["NAME", "Losses", "Steps", "Turn", "accelerators", "compile_steps", "input_gradient"]
