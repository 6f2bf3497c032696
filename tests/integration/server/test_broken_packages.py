"""Packages that are broken in ways that nobody thought of; `make fuzz` does the same with 10,000."""

import sys
from pathlib import Path

import pytest
from tests.load.fuzz_packages import Outcome, fuzz


@pytest.mark.skipif(sys.platform == "win32", reason="bounds the memory as POSIX does")
def test_broken_packages_fail_with_a_reason_or_load(tmp_path: Path) -> None:
    outcome = Outcome()
    findings = [finding.what for finding in fuzz(300, 7, tmp_path, outcome)]
    assert findings == []
    assert (outcome.cases, outcome.failed > 100, outcome.ready > 0) == (300, True, True)
