"""The processor time that control groups allow, read from made folders."""

import os
from pathlib import Path

import pytest

from synthserve_core.system import cores

V2 = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "32 31 0:29 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"


def machine(root: Path, own: str, mounts: str, **files: str) -> Path:
    """A root folder with `proc`, and with files whose paths have `__` for each `/`."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(own)
    (root / "proc/self/mountinfo").write_text(mounts)
    for name, text in files.items():
        file = root / "sys/fs/cgroup" / name.replace("__", "/").replace("_dot_", ".").replace("_comma_", ",")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


@pytest.mark.parametrize(
    ("quota", "limit", "number"),
    [
        ("150000 100000\n", 1.5, 2),
        ("100000 100000\n", 1.0, 1),
        ("1000 100000\n", 0.01, 1),
        ("300000 100000", 3.0, 3),
        ("max 100000\n", None, 8),
        ("max\n", None, 8),
        ("", None, 8),
        ("0 100000\n", None, 8),
        ("100000 0\n", None, 8),
        ("-1 100000\n", None, 8),
        ("nan 100000\n", None, 8),
        ("a lot\n", None, 8),
        ("9000000 100000\n", 90.0, 8),
    ],
)
def test_a_container_of_version_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, limit: float | None, number: int
) -> None:
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)
    root = machine(tmp_path, "0::/\n", V2, cpu_dot_max=quota)
    assert cores.cpu_limit(root) == limit
    assert cores.available_cores(root) == number


def test_the_smallest_limit_of_nested_groups_counts(tmp_path: Path) -> None:
    files = {
        "a_dot_slice__cpu_dot_max": "200000 100000",
        "a_dot_slice__b_dot_service__cpu_dot_max": "400000 100000",
        "a_dot_slice__b_dot_service__main__cpu_dot_max": "max 100000",
        "other__cpu_dot_max": "50000 100000",
    }
    assert cores.cpu_limit(machine(tmp_path, "0::/a.slice/b.service/main\n", V2, **files)) == 2.0


V1_FILES = {
    "cpu_comma_cpuacct__docker__id__cpu_dot_cfs_quota_us": "250000\n",
    "cpu_comma_cpuacct__docker__id__cpu_dot_cfs_period_us": "100000\n",
    "cpu_comma_cpuacct__cpu_dot_cfs_quota_us": "-1\n",
    "cpu_comma_cpuacct__cpu_dot_cfs_period_us": "100000\n",
}


def test_a_group_of_version_1(tmp_path: Path) -> None:
    own = "9:name=systemd:/\n4:cpu,cpuacct:/docker/id\n3:cpuset:/docker/id\n0::/\n"
    assert cores.cpu_limit(machine(tmp_path, own, V1.format(top="/"), **V1_FILES)) == 2.5


def test_a_container_of_version_1_sees_its_own_group_mounted(tmp_path: Path) -> None:
    files = {name.replace("docker__id__", ""): text for name, text in V1_FILES.items() if "docker" in name}
    own = "4:cpu,cpuacct:/docker/id\n"
    assert cores.cpu_limit(machine(tmp_path, own, V1.format(top="/docker/id"), **files)) == 2.5


def test_a_group_outside_of_what_is_mounted_has_the_limit_of_that(tmp_path: Path) -> None:
    assert cores.cpu_limit(machine(tmp_path, "0::/../../user.slice\n", V2, cpu_dot_max="150000 100000")) == 1.5


def test_both_versions_at_once(tmp_path: Path) -> None:
    mounts = V1.format(top="/") + "38 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    own = "4:cpu,cpuacct:/docker/id\n0::/docker/id\n"
    assert cores.cpu_limit(machine(tmp_path, own, mounts, **V1_FILES)) == 2.5


@pytest.mark.parametrize("mounts", ["", "nonsense\n", "31 23 0:28 / - cgroup2\n", "1 2 3 x y z - cgroup2 a b\n"])
@pytest.mark.parametrize("own", ["", "0\n", "0:::\n", "0::/a\n", "\x00\n"])
def test_what_cannot_be_understood_limits_nothing(tmp_path: Path, own: str, mounts: str) -> None:
    assert cores.cpu_limit(machine(tmp_path, own, mounts, cpu_dot_max="100000 100000")) is None


def test_a_system_without_control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "process_cpu_count", lambda: 5, raising=False)
    assert cores.cpu_limit(tmp_path) is None
    assert cores.available_cores(tmp_path) == 5


def test_without_a_count_of_python_s_own_those_count_that_the_process_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    assert cores.available_cores(tmp_path) == len(os.sched_getaffinity(0))


def test_python_s_own_count_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Python 3.13 has it, and PYTHON_CPU_COUNT sets it.
    monkeypatch.setattr(os, "process_cpu_count", lambda: 3, raising=False)
    assert cores.available_cores(tmp_path) == 3
    limited = machine(tmp_path / "limited", "0::/\n", V2, cpu_dot_max="200000 100000")
    assert cores.available_cores(limited) == 2
