"""Nothing that the core, the server or the trainer import reports to anybody what they do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures import packages

RUN = """
import importlib, sys
importlib.import_module(sys.argv[1])
import onnxruntime
onnxruntime.InferenceSession(sys.argv[2])
"""


def files_left(home: Path, graph: Path, module: str) -> list[Path]:
    """What onnxruntime leaves in the user's folders: where it reports, a number for this machine among it."""
    # Only these variables: onnxruntime reports from no machine that says that it is one of CI.
    own = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    subprocess.run([sys.executable, "-c", RUN, module, graph], env=own, check=True, capture_output=True)
    return list(home.rglob("*"))


@pytest.mark.parametrize("module", ["synthserve_core.local", "synthserve_server.app", "synthserve_training.export"])
def test_onnxruntime_reports_nothing(module: str, tmp_path: Path) -> None:
    graph = tmp_path / "model.onnx"
    graph.write_bytes(packages.table_graph())
    home = tmp_path / "home"
    home.mkdir()
    assert files_left(home, graph, module) == []
    # If this release did not do so unasked, the test above would say nothing.
    assert files_left(home, graph, "json") != []
