"""No wait and no decision depends on the clock on the wall, which operators and NTP set back and forth."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import synthserve
import synthserve_core
import synthserve_server

WALL = {("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"), ("datetime", "now")} | {
    (kind, name) for kind in ("datetime", "date") for name in ("utcnow", "today", "now", "fromtimestamp")
}

# Log lines, traces, statistics and signed tokens tell a time of day; nothing waits for it.
MAY_ASK = ("telemetry/", "services/oip/statistics.py", "security/")

SOURCES = [
    (root, path)
    for root in (Path(*package.__path__) for package in (synthserve_core, synthserve_server, synthserve))
    for path in sorted(root.rglob("*.py"))
    if not path.relative_to(root).as_posix().startswith(("v1/", *MAY_ASK))
]


def wall_clocks(tree: ast.AST) -> Iterator[str]:
    """Where a module asks for the time of day, by attribute or by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in WALL:
                yield f"{owner}.{node.attr}, line {node.lineno}"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (node.module, alias.name) in WALL:
                    yield f"{node.module}.{alias.name}, line {node.lineno}"


@pytest.mark.parametrize(("root", "path"), SOURCES, ids=[str(path.relative_to(root)) for root, path in SOURCES])
def test_nothing_asks_the_clock_on_the_wall(root: Path, path: Path) -> None:
    assert list(wall_clocks(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "code",
    [
        "import time\ntime.time()",
        "from time import time",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.utcnow()",
    ],
)
def test_the_search_finds_what_it_is_for(code: str) -> None:
    assert list(wall_clocks(ast.parse(code)))
