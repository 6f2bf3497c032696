"""The commands on the pages of the clients are those of `make conformance`, or say why they are not run.

The page of the Python client is run as it stands: tests/integration/docs.
"""

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Sequence
from xml.etree import ElementTree

import pytest
from tests.conformance.languages import LANGUAGES, Language
from tests.fixtures.markdown import ROOT, Block, blocks, code_spans
from tests.fixtures.shell import Words
from tests.fixtures.shell import commands as split
from tests.fixtures.sources import SOURCES, is_part_of_a_source

CLIENTS = {f"clients/{language.folder}/README.md": language for language in LANGUAGES if language.folder != "python"}

ARGUMENTS = {"PLAY", "TARGET", "[TARGET]", "localhost:50051"}
"""What stands for the last argument of a program, which `make conformance` appends."""

QUIET = {"-B", "-q", "-ntp"}
"""Options of Maven that change only what it prints."""


@pytest.mark.parametrize("page", CLIENTS)
def test_blocks(page: str) -> None:
    language = CLIENTS[page]
    for block in blocks(page):
        if block.language in SOURCES:
            assert SOURCES[block.language][0] == language.folder, f"{block.place}: belongs to another client"
            assert is_part_of_a_source(block), f"{block.place}: is in no file of clients/{language.folder}"
        elif block.language == "sh":
            assert block.not_run or set(commands(block.text)) <= harness(language), block.place
        else:
            assert block.language in READERS, f"{block.place}: `{block.language}` is no language that this test reads"
            READERS[block.language](block, language)


@pytest.mark.parametrize("page", CLIENTS)
def test_commands_in_the_text(page: str) -> None:
    known = harness(CLIENTS[page])
    programs = {words[0] for words in known}
    spans = {span for span in code_spans(page) if len(words := span.text.split()) > 1 and words[0] in programs}
    for span in spans:
        runs = set(commands(span.text)) <= known
        assert runs is (span.not_run is None), f"{page}: `{span.text}` is run: {runs}; reason not to: {span.not_run}"


@pytest.mark.parametrize("language", CLIENTS.values(), ids=lambda language: language.folder)
def test_quick_start(language: Language) -> None:
    enter = ("cd", f"clients/{language.folder}")
    (found,) = [typed for block in blocks("docs/clients.md") if (typed := commands(block.text))[:1] == [enter]]
    *build, example = found[1:]
    assert build
    assert set(build) <= harness(language)
    assert example == plain(local(language.example, language))


def commands(text: str) -> list[Words]:
    """The commands of a shell script, without what does not matter."""
    return [plain(command) for command in split(text)]


def harness(language: Language) -> set[Words]:
    """What `make conformance` does with a client."""
    known = {plain(local(command, language)) for command in (*language.build, *language.check)}
    known |= {plain(local(command, language)) for command in (language.runner, language.example)}
    return known


def local(command: Sequence[str], language: Language) -> Words:
    """A command as somebody types it in the folder of a client."""
    match command:
        case ["sh", "-c", script]:
            inner = re.search(r"\$\((.+)\)", script)
            return tuple(shlex.split(inner[1] if inner else script))
    return tuple(word.replace(f"{language.cwd}/", "") for word in command)


def plain(words: Words) -> Words:
    """A command without what does not matter: options that only make it quiet, and what it is about."""
    if words[0] == "mvn":
        words = tuple(word for word in words if word not in QUIET)
    return words[:-1] if words[-1] in ARGUMENTS else words


def read_toml(block: Block, language: Language) -> None:
    """Cargo's: the dependency on the client is there, and is called so."""
    dependencies = tomllib.loads(block.text)["dependencies"]
    package = tomllib.loads((language.cwd / "Cargo.toml").read_text())["package"]
    assert (ROOT / dependencies[package["name"]]["path"]).samefile(language.cwd), block.place


def read_xml(block: Block, language: Language) -> None:
    """Maven's: the artifact is the one that the client builds."""
    project = ElementTree.parse(language.cwd / "pom.xml").getroot()  # noqa: S314 - our own file
    shown = {child.tag: child.text for child in ElementTree.fromstring(block.text)}  # noqa: S314 - our own README
    namespace = "{http://maven.apache.org/POM/4.0.0}"
    assert shown == {tag: project.findtext(namespace + tag) for tag in ("groupId", "artifactId", "version")}, (
        block.place
    )


def read_cmake(block: Block, language: Language) -> None:
    """A user's: it finds the package that is installed, and links with the target that there is."""
    project = (language.cwd / "CMakeLists.txt").read_text()
    (version,) = re.findall(r"VERSION (\d+\.\d+)\.\d+", project)
    assert f"find_package(synthserve {version} REQUIRED)" in block.text, block.place
    (target,) = re.findall(r"add_library\((\S+) ALIAS", project)
    assert target in block.text, block.place


READERS: dict[str, Callable[[Block, Language], None]] = {
    "cmake": read_cmake,
    "json": lambda block, _: json.loads(block.text),
    "text": lambda *_: None,
    "toml": read_toml,
    "xml": read_xml,
}
