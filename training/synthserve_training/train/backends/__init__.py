"""What Keras computes with: the one place of training that knows TensorFlow from JAX.

Networks and losses are written in `keras.ops`, and a run's checkpoint holds plain arrays: the same run trains on either
and continues on the other. The environment variable `KERAS_BACKEND` selects the library. Export needs TensorFlow.
"""

import keras

from synthserve_training.train.backends.steps import Losses, Steps, Turn

NAME: str = keras.backend.backend()
"""What Keras runs on; `startup.start_keras` refuses others than these two."""

if NAME == "jax":
    from synthserve_training.train.backends._jax import accelerators, compile_function, compile_steps, input_gradient
else:
    from synthserve_training.train.backends._tensorflow import (
        accelerators,
        compile_function,
        compile_steps,
        input_gradient,
    )

__all__ = ["NAME", "Losses", "Steps", "Turn", "accelerators", "compile_function", "compile_steps", "input_gradient"]
