"""Other distributions made of the standard normal noise that everything is given."""

import numpy as np
from keras import ops

from synthserve_training.types import Tensor

_SQRT_2 = float(np.sqrt(2.0))


def uniform(normal: Tensor) -> Tensor:
    """Maps standard normal values to uniform ones in [0, 1] by their distribution function."""
    return 0.5 * (1.0 + ops.erf(normal / _SQRT_2))
