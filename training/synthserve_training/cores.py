"""How many processor cores may be used: a container's limit is not seen by the libraries that compute."""

import math
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

# Each library has its own: OpenMP and BLAS, TensorFlow's two pools, and XLA's.
_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC")


def available(root: Path = Path("/")) -> int:
    """How many cores this process may use: those that it is scheduled on, or fewer, where a control group says so.

    Args:
        root: Where `proc` and `sys` are mounted.
    """
    scheduled = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for group in _groups(root) if (quota := _quota(group)) is not None]
    return max(1, min([scheduled, *map(math.ceil, quotas)]))


def limit_threads(environment: MutableMapping[str, str], root: Path = Path("/")) -> None:
    """Lets libraries start as many threads as may be used, where these are fewer than the machine has cores.

    Args:
        environment: The variables, before these libraries are imported; what the user has set stays.
        root: As in `available`.
    """
    count = available(root)
    if count < (os.cpu_count() or 1):
        for name in _VARIABLES:
            if not environment.get(name):
                environment[name] = str(count)


def _groups(root: Path) -> Iterator[Path]:
    """The folders of this process's control groups, version 2 or 1, and of all groups that these are in."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounted = root / "sys/fs/cgroup" / ("cpu" if controllers else "")
        # In a container the path can be one of the host's: then the container's own group is what is mounted.
        inside = Path(path.lstrip("/"))
        group = mounted / inside if ".." not in inside.parts and (mounted / inside).is_dir() else mounted
        yield group
        yield from (folder for folder in group.parents if folder.is_relative_to(mounted))


def _quota(group: Path) -> float | None:
    """Cores that a group may use; None: as many as there are."""
    words = _read(group / "cpu.max").split() or [
        _read(group / "cpu.cfs_quota_us"),
        _read(group / "cpu.cfs_period_us"),
    ]
    try:
        quota, period = map(float, words)
    except ValueError:  # "max", or no such file
        return None
    return quota / period if quota > 0 and period > 0 else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
