"""What a page says is not run has a reason that is true, and still exists: targets, options and imports."""

import ast
import importlib
import re

import pytest
import typer
from tests.fixtures.markdown import ROOT, Block, blocks, code_spans, pages
from tests.fixtures.not_run import CONFORMANCE, REASONS, covers, typed
from tests.fixtures.shell import commands

from synthserve_training.cli import app

BLOCKS = [block for page in pages() for block in blocks(page) if block.not_run]
SPANS = [(page, span) for page in pages() for span in code_spans(page) if span.not_run]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_blocks(block: Block) -> None:
    assert block.not_run
    if block.not_run == CONFORMANCE:
        assert block.page == "docs/clients.md", f"{block.place}: no test compares this page with `make conformance`"
        return
    if block.language == "python":
        assert block.not_run in REASONS, block.place
        check_imports(block)
        return
    assert block.language == "sh", f"{block.place}: only commands and Python can be left out"
    for command in commands(block.text):
        assert covers(block.not_run, command), f"{block.place}: {block.not_run!r} is not true of {' '.join(command)}"
        match typed(command):
            case ("make", target, *_):
                assert target in TARGETS, block.place
            case ("synthserve-train", name, *arguments):
                check_options(name, arguments)


def test_commands_in_the_text() -> None:
    assert SPANS
    for page, span in SPANS:
        assert span.not_run
        (command,) = commands(span.text)
        assert covers(span.not_run, command), f"{page}: {span.not_run!r} is not true of {span.text}"


def test_every_reason_is_needed() -> None:
    needed = {block.not_run for block in BLOCKS} | {span.not_run for _, span in SPANS}
    assert needed == {CONFORMANCE, *REASONS}


def check_imports(block: Block) -> None:
    """Imports what a block of Python imports."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{module.__name__}.{alias.name}")


def check_options(name: str, arguments: list[str]) -> None:
    """Parses the arguments of a command of the trainer, as it does; it is not executed."""
    group = typer.main.get_command(app)
    command = group.commands[name]  # type: ignore[attr-defined]  # a group, as there are several commands
    command.make_context(name, arguments)
