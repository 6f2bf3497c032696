"""Arrows point down only."""

from pathlib import Path

import pytest
from tests.fixtures import layers

import synthserve_server

ROOT = Path(synthserve_server.__file__).parent
FRONT = ("grpc", "google.", "synthserve.")
"""What only those rooms know that speak to callers."""

TOP = ("synthserve_server.app", "synthserve_server.commands", "synthserve_server.__main__")

BELOW = {
    "errors": FRONT,
    "limits": (*FRONT, "synthserve_server.services", "synthserve_server.calls", *TOP),
    "models": (
        "grpc",
        "google.",
        "synthserve_server.services",
        "synthserve_server.calls",
        "synthserve_server.scheduling",
        "synthserve_server.telemetry",
        *TOP,
    ),
    "scheduling": (
        *FRONT,
        "synthserve_server.models",
        "synthserve_server.services",
        "synthserve_server.calls",
        "synthserve_server.telemetry",
        "synthserve_core.encoding",
        "polars",
        "pyarrow",
        "prometheus_client",
        "opentelemetry",
        *TOP,
    ),
    "telemetry": (
        "synthserve_server.calls",
        "synthserve_server.services",
        "synthserve_server.models.repository",
        *TOP,
    ),
    "services": ("synthserve_server.calls", *TOP),
    "security": (
        "synthserve_server.services",
        "synthserve_server.calls",
        "synthserve_server.settings.settings",
        *TOP,
    ),
    "calls": (
        "synthserve_server.services",
        "synthserve_server.models",
        "synthserve_server.scheduling",
        "synthserve_core.compute",
        *TOP,
    ),
}


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_nothing_from_above(room: str) -> None:
    paths = layers.modules(ROOT, room)
    assert paths
    for path in paths:
        above = [name for name in layers.imports(path) if name.startswith(BELOW[room])]
        assert above == [], path


def test_no_rooms_import_each_other() -> None:
    order = layers.lowest_first(ROOT)
    assert order.index("errors") < order.index("models") < order.index("services") < order.index("app")
