"""How the package is put together: what a module imports is in its own layer or in one below."""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import synthserve

ROOT = Path(synthserve.__file__).parent

LAYERS = [
    {"v1", "_exceptions"},
    {"_checks", "_extras", "_text_files"},
    {"_names", "_condition_text", "_conditions", "_schema"},
    {"_models", "_output", "_tls", "_transport"},
    {"_samples"},
    {"_sinks"},
    {"_streams"},
    {"_client", "_async_client"},
    {"cli", "__init__"},
]
"""From the lowest to the highest."""

MOST_MODULES = 12


def imported(file: Path) -> set[str]:
    """The modules of the package that a file imports, also those that only type checkers see."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "synthserve":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if is_module(name) else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "synthserve"}
    return found


def is_module(name: str) -> bool:
    path = ROOT.parent / Path(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def own_modules() -> dict[str, Path]:
    files = {path.relative_to(ROOT): path for path in ROOT.rglob("*.py") if "v1" not in path.parts}
    return {".".join(("synthserve", *relative.with_suffix("").parts)): path for relative, path in files.items()}


def layer(name: str) -> int:
    first = [*name.split("."), "__init__"][1]
    (number,) = (number for number, members in enumerate(LAYERS) if first in members)
    return number


def test_imports_point_down() -> None:
    for name, path in own_modules().items():
        for other in imported(path):
            assert layer(other) <= layer(name), f"{name} imports {other}"


def test_there_are_no_circles() -> None:
    graph = {name: imported(path) for name, path in own_modules().items()}
    order = list(TopologicalSorter(graph).static_order())
    assert len(order) >= len(graph)


def test_folders_stay_small() -> None:
    modules = Counter(path.parent.name for path in ROOT.rglob("*.py") if path.parent.name != "v1")
    assert modules["synthserve"]
    assert {folder: count for folder, count in modules.items() if count > MOST_MODULES} == {}
