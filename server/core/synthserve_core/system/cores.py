"""Counts the cores that this process may use: those that it is scheduled on, within the limit of its container."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


def available_cores(root: Path = Path("/")) -> int:
    """How many cores this process may use, at least 1.

    A limit of 1.5 cores counts as two, which then run for three quarters of the time each.

    Args:
        root: The folder in which `proc` is mounted, and the file systems that `proc` lists.
    """
    scheduled = _scheduled()
    limit = cpu_limit(root)
    return scheduled if limit is None else max(1, min(scheduled, math.ceil(limit)))


def _scheduled() -> int:
    if counted := getattr(os, "process_cpu_count", None):  # Python 3.13; it respects PYTHON_CPU_COUNT
        return counted() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_limit(root: Path) -> float | None:
    """The CPU limit that the control groups of this process impose.

    Groups are nested, and the smallest limit counts. A file that cannot be read or parsed imposes no limit.

    Args:
        root: As in `available_cores`.

    Returns:
        The limit in cores (seconds of CPU time per second); None if there is no limit.
    """
    limits = [limit for folder in _groups(root) if (limit := _limit(folder)) is not None]
    return min(limits, default=None)


@dataclass(frozen=True)
class _Hierarchy:
    """A mounted hierarchy of control groups that can limit processor time.

    Attributes:
        top: The group that is mounted.
        mounted: The mount point.
        is_unified: Whether it is version 2.
    """

    top: PurePosixPath
    mounted: PurePosixPath
    is_unified: bool


def _groups(root: Path) -> Iterator[Path]:
    """The folders of this process's groups and of their parent groups."""
    own = dict(_own_groups(_lines(root / "proc/self/cgroup")))
    for hierarchy in _hierarchies(_lines(root / "proc/self/mountinfo")):
        if (group := own.get(hierarchy.is_unified)) is None:
            continue
        # In a cgroup namespace, the path of a group can point outside the mount: then the mounted group is the one.
        inside = group.relative_to(hierarchy.top) if group.is_relative_to(hierarchy.top) else PurePosixPath()
        if ".." in inside.parts:
            inside = PurePosixPath()
        for part in (inside, *inside.parents):
            yield root / hierarchy.mounted.relative_to("/") / part


def _own_groups(lines: list[str]) -> Iterator[tuple[bool, PurePosixPath]]:
    """The groups in `/proc/self/cgroup`: version 2 (True), `0::/path`, and version 1 (False), `4:cpu,cpuacct:/path`."""
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not path.startswith("/"):
            continue
        if number == "0" and not controllers:
            yield True, PurePosixPath(path)
        elif "cpu" in controllers.split(","):
            yield False, PurePosixPath(path)


def _hierarchies(lines: list[str]) -> Iterator[_Hierarchy]:
    """The mounts in `/proc/self/mountinfo`: `36 35 0:31 /top /mounted options [optional] - type source options`."""
    for line in lines:
        before, dash, after = line.partition(" - ")
        words, kind = before.split(), after.split()
        if not dash or len(words) < 6 or len(kind) < 3 or not words[3].startswith("/") or not words[4].startswith("/"):
            continue
        unified = kind[0] == "cgroup2"
        if unified or (kind[0] == "cgroup" and "cpu" in kind[2].split(",")):
            yield _Hierarchy(PurePosixPath(_unescaped(words[3])), PurePosixPath(_unescaped(words[4])), unified)


def _unescaped(path: str) -> str:
    for written, meant in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        path = path.replace(written, meant)
    return path


def _limit(folder: Path) -> float | None:
    """The limit of one group: `cpu.max` of version 2, or the two files of version 1."""
    words = " ".join(_lines(folder / "cpu.max")).split() or [
        *_lines(folder / "cpu.cfs_quota_us"),
        *_lines(folder / "cpu.cfs_period_us"),
    ]
    try:
        quota, period = map(float, words)
    except ValueError:  # "max", or nothing
        return None
    return quota / period if quota > 0 and 0 < period < math.inf else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(errors="replace").splitlines()
    except OSError:
        return []
