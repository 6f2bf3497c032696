"""Locks pin versions and digests. Where packages come from is for each machine to say."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
LOCKS = [*REQUIREMENTS, ROOT / "clients/node/package-lock.json"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text(), (
        f"{lock.name}: take out what npm or uv wrote of addresses (`resolved`, `funding`)"
    )


@pytest.mark.parametrize("lock", REQUIREMENTS, ids=lambda lock: lock.name)
def test_the_distributions_of_this_repository_are_installed_from_it(lock: Path) -> None:
    lines = lock.read_text().splitlines()
    assert [line for line in lines if line.startswith(("-e", "./", "file:", "synthserve"))] == []
