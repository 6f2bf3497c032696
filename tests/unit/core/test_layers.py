"""The core knows neither gRPC nor a command line nor the SDK, and its arrows point down only."""

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures import layers

import synthserve_core

ROOT = Path(synthserve_core.__file__).parent

LOOK = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""

MODULES = [
    "synthserve_core",
    *sorted(
        module.name
        for module in pkgutil.walk_packages([str(ROOT)], "synthserve_core.")
        if not module.name.endswith(".__main__")  # it runs when it is imported
    ),
]

LIBRARIES = {"grpc", "grpc_status", "typer", "click", "rich", "structlog", "pydantic"}

BELOW = {
    "contract": ("onnx", "onnxruntime", "polars", "pyarrow"),
    "compute": ("onnx.", "polars", "pyarrow", "google.", "synthserve."),
    "encoding": ("onnx", "onnxruntime", "google.", "synthserve.", "synthserve_core.compute"),
    "system": ("synthserve_core.", "google.", "onnxruntime"),
}


def imported(*modules: str) -> set[str]:
    """All modules of a fresh interpreter that has imported some."""
    done = subprocess.run([sys.executable, "-c", LOOK, *modules], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_every_module_does_without_grpc_the_sdk_and_command_lines() -> None:
    assert "synthserve_core.compute.sampler" in MODULES
    found = imported(*MODULES)
    assert set(MODULES) <= found
    assert not {name.partition(".")[0] for name in found} & LIBRARIES
    assert not {name.partition(".")[0] for name in found} & {"synthserve_server", "synthserve_training"}
    of_sdk = {name for name in found if name.partition(".")[0] == "synthserve"}
    generated = {name for name in of_sdk if name.startswith("synthserve.v1.") and name.endswith("_pb2")}
    assert of_sdk - generated == {"synthserve", "synthserve.v1"}


def test_reading_text_needs_no_runtime() -> None:
    assert not imported("synthserve_core", "synthserve_core.text_files") & {"onnxruntime", "numpy", "polars"}


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_nothing_from_above(room: str) -> None:
    paths = layers.modules(ROOT, room)
    assert paths
    for path in paths:
        above = [name for name in layers.imports(path) if name.startswith(BELOW[room])]
        assert above == [], path


def test_no_rooms_import_each_other() -> None:
    order = layers.lowest_first(ROOT)
    assert order.index("contract") < order.index("compute") < order.index("packages") < order.index("local")
