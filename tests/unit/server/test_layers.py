"""Arrows point down only."""

import ast
from pathlib import Path

import pytest

import synthserve_server

ROOT = Path(synthserve_server.__file__).parent
BELOW = {
    "runtime": (
        "grpc",
        "google",
        "synthserve.",
        "synthserve_server.encoding",
        "synthserve_server.telemetry",
        "polars",
        "pyarrow",
        "prometheus_client",
        "opentelemetry",
    ),
    "encoding": ("grpc", "google", "synthserve."),
    "telemetry": (
        "synthserve_server.calls",
        "synthserve_server.services",
        "synthserve_server.models.repository",
        "synthserve_server.app",
        "synthserve_server.commands.serve",
    ),
    "limits": ("grpc", "google", "synthserve.", "synthserve_server.services", "synthserve_server.calls"),
    "services": ("synthserve_server.calls", "synthserve_server.app", "synthserve_server.commands.serve"),
    "security": (
        "synthserve_server.services",
        "synthserve_server.calls",
        "synthserve_server.app",
        "synthserve_server.settings.settings",
    ),
    "interceptors": ("synthserve_server.services", "synthserve_server.app", "synthserve_server.runtime"),
}


def imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(f"{node.module}.")
    return names


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_nothing_from_above(room: str) -> None:
    paths = list((ROOT / room).rglob("*.py"))
    assert paths
    for path in paths:
        above = [name for name in imports(path) if name.startswith(BELOW[room])]
        assert above == [], path
