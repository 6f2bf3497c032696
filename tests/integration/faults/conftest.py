"""Repositories that load at once."""

from pathlib import Path

import pytest
from tests.fixtures import packages


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny-table` and `tiny-grey`, version 1 each, and `paced`; tests must not write to it."""
    root = tmp_path_factory.mktemp("small")
    packages.write_package(root, "tiny-table", packages.table_graph(), packages.TABLE_MANIFEST)
    packages.write_package(root, "tiny-grey", packages.image_graph(28, 28, 1), packages.image_manifest(28, 28, 1))
    packages.write_package(root, "paced", packages.paced_graph(), packages.PACED_MANIFEST)
    return root
