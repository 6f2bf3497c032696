"""Writes the digests that the Python client gets into `vectors.json`, for all seeds that are given.

    python -m tests.conformance.record

A unit test checks those of values and pixels against an independent computation (`oracle.py`).
"""

import tempfile
from pathlib import Path

from tests.conformance import vectors
from tests.conformance.languages import PYTHON
from tests.conformance.play import outcomes
from tests.conformance.servers import steady_servers


def main() -> None:
    cases = vectors.read()
    with tempfile.TemporaryDirectory() as folder, steady_servers(Path(folder)) as steady:
        got = outcomes(PYTHON.runner, PYTHON.cwd, cases, steady, Path(folder) / "play").outcomes
    recorded = []
    for case in cases:
        expect = case.expect
        if expect.samples is not None and case.seed is not None:
            expect = expect.model_copy(update={"sha256": got[case.name].sha256})
        recorded.append(case.model_copy(update={"expect": expect}))
    vectors.write(recorded)


if __name__ == "__main__":
    main()
