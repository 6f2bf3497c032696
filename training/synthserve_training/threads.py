"""Limits the threads of the libraries that compute: they do not see a container's limit on processor time."""

import os
from collections.abc import MutableMapping
from pathlib import Path

from synthserve_core.system.cores import available_cores

# OpenMP, BLAS, TensorFlow's two pools, and XLA.
_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC")


def limit_threads(environment: MutableMapping[str, str], root: Path = Path("/")) -> None:
    """Makes libraries start one thread per usable core, where fewer cores are usable than the machine has.

    Args:
        environment: The variables, before these libraries are imported; what the user has set stays.
        root: As in `available_cores`.
    """
    count = available_cores(root)
    if count < (os.cpu_count() or 1):
        for name in _VARIABLES:
            if not environment.get(name):
                environment[name] = str(count)
