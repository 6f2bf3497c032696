"""Threads of libraries, by what a control group allows."""

import os
from pathlib import Path

import pytest

from synthserve_training.threads import limit_threads


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A container that may use one core of 64."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    for name, content in {
        "proc/self/cgroup": "0::/\n",
        "proc/self/mountinfo": "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "sys/fs/cgroup/cpu.max": "100000 100000\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def test_libraries_get_no_more_threads_than_there_are_cores(machine: Path) -> None:
    environment = {"OMP_NUM_THREADS": "", "NPROC": "7"}
    limit_threads(environment, machine)
    assert environment == {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "NPROC": "7",
    }


def test_nothing_is_set_where_nothing_is_limited(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / "sys/fs/cgroup/cpu.max").write_text("max 100000\n")
    monkeypatch.setattr(os, "cpu_count", lambda: len(os.sched_getaffinity(0)))
    environment: dict[str, str] = {}
    limit_threads(environment, machine)
    assert environment == {}
