"""Cores that may be used, by control groups as they are mounted."""

import os
from pathlib import Path

import pytest

from synthserve_training import cores

HERE = len(os.sched_getaffinity(0))


def mounted(root: Path, groups: str, files: dict[str, str]) -> Path:
    for name, content in {"proc/self/cgroup": groups, **{f"sys/fs/cgroup/{k}": v for k, v in files.items()}}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


V1 = "4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "max 100000\n"}, HERE),
        ("0::/\n", {"cpu.max": "100000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "10000 100000\n"}, 1),
        ("0::/\n", {}, HERE),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "50000 100000\n"}, 1),
        ("0::/host/only\n", {"cpu.max": "100000 100000\n"}, 1),
        ("0::/../other\n", {"cpu.max": "100000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "nonsense\n"}, HERE),
        ("0::/\n", {"cpu.max": "100000 0\n"}, HERE),
        (V1, {"cpu/docker/abc/cpu.cfs_quota_us": "100000\n", "cpu/docker/abc/cpu.cfs_period_us": "100000\n"}, 1),
        (V1, {"cpu/docker/abc/cpu.cfs_quota_us": "-1\n", "cpu/docker/abc/cpu.cfs_period_us": "100000\n"}, HERE),
        (V1, {"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ("", {}, HERE),
    ],
)
def test_smallest_limit_counts(groups: str, files: dict[str, str], expected: int, tmp_path: Path) -> None:
    assert cores.available(mounted(tmp_path, groups, files)) == expected


def test_part_of_a_core_is_one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(64)))
    assert cores.available(mounted(tmp_path, "0::/\n", {"cpu.max": "150000 100000\n"})) == 2


def test_libraries_get_no_more_threads_than_there_are_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    root = mounted(tmp_path, "0::/\n", {"cpu.max": "100000 100000\n"})
    environment = {"OMP_NUM_THREADS": "", "NPROC": "7"}
    cores.limit_threads(environment, root)
    assert environment == {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "NPROC": "7",
    }


def test_nothing_is_set_where_nothing_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: HERE)
    environment: dict[str, str] = {}
    cores.limit_threads(environment, mounted(tmp_path, "0::/\n", {"cpu.max": "max 100000\n"}))
    assert environment == {}
