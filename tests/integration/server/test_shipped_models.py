"""What is in exported/ must keep the rules that the server relies on."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.sampler import Draw, sample
from synthserve_core.contract.model import Key, Table
from synthserve_core.packages.reading import MANIFEST, load_package

FOLDERS = [path.parent for path in sorted(Path(__file__).parents[3].glob(f"exported/*/*/{MANIFEST}"))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_any_cut_gives_the_same_samples(folder: Path) -> None:
    package = load_package(folder, CPU)
    total = 10_000 if isinstance(package.model.output, Table) else 100

    def cut(start: int, stop: int) -> dict[Key, np.ndarray]:
        return sample(Draw(package.model, package.session, 7, start, stop - start), Cancellation())

    whole = cut(0, total)

    @settings(max_examples=10)
    @given(ends=st.lists(st.integers(0, total), max_size=4))
    def check(ends: list[int]) -> None:
        parts = [cut(start, stop) for start, stop in itertools.pairwise([0, *sorted(ends), total])]
        for name, array in whole.items():
            assert array.tobytes() == np.concatenate([part[name] for part in parts]).tobytes(), name

    check()
