import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    folder = os.environ.get("SYNTHSERVE_DATA")
    if folder is None:
        pytest.skip("needs the real datasets: set SYNTHSERVE_DATA to their folder")
    return Path(folder)
