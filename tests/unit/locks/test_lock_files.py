"""Locks pin versions and digests. Where packages come from is for each machine to say."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOCKS = [*(ROOT / "requirements").glob("*.txt"), ROOT / "clients/node/package-lock.json"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text(), (
        f"{lock.name}: take out what npm or uv wrote of addresses (`resolved`, `funding`)"
    )
