"""Writes docs/api.md from the comments of proto/: `.venv/bin/python scripts/api_reference.py FILE`."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

from synthserve._output.destinations import write_whole

ROOT = Path(__file__).parents[1]
PROTOS = ROOT / "proto"
FILES = [f"synthserve/v1/{name}.proto" for name in ("generation", "model", "schema", "manifest")]
"""The files in the order of the page: first the services that clients call most."""

PREAMBLE = """\
# API reference

<!-- Generated from proto/ by `make proto`. -->

The contract `synthserve.v1`, from its files in [`proto/`](../proto/synthserve/v1/). [protocol.md](protocol.md) explains
how to use it: a stream step by step, resuming, errors and their reasons.
"""

ELSEWHERE = {
    ".google.protobuf.Timestamp": "[`google.protobuf.Timestamp`]"
    "(https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp)"
}

_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6  # numbers of the fields of FileDescriptorProto
_PARTS = 2  # of a message, enum and service: the fields, values, methods
_ONEOFS = 8

Place = tuple[int, ...]
"""The position of an element in a file, as protoc counts: kind and index, kind and index, ..."""

T = TypeVar("T")


def main() -> None:
    """Writes the page to the named file."""
    if len(sys.argv) != 2:
        sys.exit("usage: api_reference.py FILE")
    files = described(PROTOS, FILES)
    write_whole(Path(sys.argv[1]), page(files).encode())


def described(folder: Path, names: list[str]) -> list[FileDescriptorProto]:
    """Parses files with protoc, including their comments."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "set.binpb"
        flags = [f"-I{folder}", "--include_source_info", f"--descriptor_set_out={output}"]
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *flags, *names], check=True)
        found = {file.name: file for file in FileDescriptorSet.FromString(output.read_bytes()).file}
    return [found[name] for name in names]


def page(files: list[FileDescriptorProto]) -> str:
    """The whole page, as Markdown."""
    known = {name for file in files for name in names(file)}
    if len({name.lower() for name in known}) != sum(len(list(names(file))) for file in files):
        raise ValueError("two elements have the same name, and so the same anchor")
    parts = [PREAMBLE, contents(files)]
    for file in files:
        parts.append(f"## {file.name.rpartition('/')[2]}\n")
        parts += Section(file, known).render()
    return "\n".join(parts)


def names(file: FileDescriptorProto) -> Iterator[str]:
    """The names of all elements in a file that have a heading."""
    for service in file.service:
        yield service.name
        yield from (method.name for method in service.method)
    yield from (message.name for message in file.message_type)
    yield from (enum.name for enum in file.enum_type)


def contents(files: list[FileDescriptorProto]) -> str:
    """The table of contents."""
    services = [service for file in files for service in file.service]
    lines = ["| service | methods |", "|---|---|"]
    lines += [f"| {link(one.name)} | {', '.join(link(method.name) for method in one.method)} |" for one in services]
    lines += ["", "| file | messages and enums |", "|---|---|"]
    for file in files:
        types = [*(message.name for message in file.message_type), *(enum.name for enum in file.enum_type)]
        name = file.name.rpartition("/")[2]
        lines.append(f"| [{name}](#{name.replace('.', '')}) | {', '.join(map(link, types))} |")
    return "\n".join(lines) + "\n"


def link(name: str) -> str:
    """A name as a link to its heading; a part after a dot has no heading of its own."""
    return f"[`{name}`](#{name.partition('.')[0].lower()})"


class Section:
    """Renders the elements of one file."""

    def __init__(self, file: FileDescriptorProto, known: set[str]) -> None:
        self._file = file
        self._known = known
        self._package = f".{file.package}."
        located = {tuple(one.path): one for one in file.source_code_info.location}
        self._comments = {place: stripped(one.leading_comments) for place, one in located.items()}
        self._lines = {place: one.span[0] for place, one in located.items()}

    def render(self) -> list[str]:
        """Services first, then messages and enums in the order of the file."""
        services = [(place, self._service(one, place)) for place, one in numbered(_SERVICES, self._file.service)]
        messages = [(place, self._message(one, place)) for place, one in numbered(_MESSAGES, self._file.message_type)]
        enums = [(place, self._enum(one, place)) for place, one in numbered(_ENUMS, self._file.enum_type)]
        return [text for _, text in [*services, *sorted(messages + enums, key=lambda one: self._lines[one[0]])]]

    def _service(self, service: ServiceDescriptorProto, place: Place) -> str:
        parts = [f"### {service.name}\n", self._comment(place)]
        for index, method in enumerate(service.method):
            takes, gives = self._type(method.input_type), self._type(method.output_type)
            arrow = "→ stream of" if method.server_streaming else "→"
            parts += [f"#### {method.name}\n", f"{takes} {arrow} {gives}\n", self._comment((*place, _PARTS, index))]
        return "\n".join(parts)

    def _message(self, message: DescriptorProto, place: Place) -> str:
        if any(not nested.options.map_entry for nested in message.nested_type) or message.enum_type:
            raise ValueError(f"{message.name} has nested types, which the page does not support")
        parts = [f"### {message.name}\n", self._comment(place)]
        if not message.field:
            return "\n".join([*parts, "It has no fields.\n"])
        rows = ["| field | number | type | meaning |", "|---|---|---|---|"]
        for index, field in enumerate(message.field):
            meaning = self._cell((*place, _PARTS, index))
            rows.append(f"| `{field.name}` | {field.number} | {self._kind(field, message)} | {meaning} |")
        parts.append("\n".join(rows) + "\n")
        for index, oneof in enumerate(message.oneof_decl):
            choices = [
                f"`{field.name}`"
                for field in message.field
                if field.HasField("oneof_index") and field.oneof_index == index and not field.proto3_optional
            ]
            if choices:
                meaning = self._cell((*place, _ONEOFS, index))
                parts.append(f"`{oneof.name}` is one of {', '.join(choices)}. {meaning}\n")
        return "\n".join(parts)

    def _enum(self, enum: EnumDescriptorProto, place: Place) -> str:
        rows = ["| value | number | meaning |", "|---|---|---|"]
        for index, value in enumerate(enum.value):
            rows.append(f"| `{value.name}` | {value.number} | {self._cell((*place, _PARTS, index))} |")
        return "\n".join([f"### {enum.name}\n", self._comment(place), "\n".join(rows) + "\n"])

    def _kind(self, field: FieldDescriptorProto, message: DescriptorProto) -> str:
        """A field's type, as in the proto file."""
        maps = {nested.name: nested for nested in message.nested_type}
        if entry := maps.get(field.type_name.rpartition(".")[2]):
            key, value = (self._kind(part, entry) for part in entry.field)
            return f"map of {key} to {value}"
        kind = self._type(field.type_name) if field.type_name else f"`{_SCALARS[field.type]}`"
        if field.label == FieldDescriptorProto.LABEL_REPEATED:
            return f"repeated {kind}"
        return f"optional {kind}" if field.proto3_optional else kind

    def _type(self, name: str) -> str:
        return link(name.removeprefix(self._package)) if name.startswith(self._package) else ELSEWHERE[name]

    def _comment(self, place: Place) -> str:
        comment = self._comments.get(place)
        if not comment:
            raise ValueError(f"{self._file.name}: the element at {place} has no comment")
        return self._linked(comment)

    def _cell(self, place: Place) -> str:
        return " ".join(self._comment(place).split()).replace("|", "\\|")

    def _linked(self, text: str) -> str:
        """Links names in backticks that have a heading, and escapes characters that Markdown would interpret."""

        def piece(found: re.Match[str]) -> str:
            code, name, other = found.groups()
            if other:
                return {"<": "&lt;", "*": "\\*"}[other]
            return link(code[1:-1]) if name in self._known else code

        return re.sub(r"(`(\w+)?[^`]*`)|([<*])", piece, text)


_SCALARS = {number: name.removeprefix("TYPE_").lower() for name, number in FieldDescriptorProto.Type.items()}


def numbered(kind: int, things: Iterable[T]) -> list[tuple[Place, T]]:
    """Elements of one kind with their positions in the file."""
    return [((kind, index), thing) for index, thing in enumerate(things)]


def stripped(comment: str) -> str:
    """A comment without the space before each line."""
    return "\n".join(line.removeprefix(" ") for line in comment.splitlines()) + "\n" if comment else ""


if __name__ == "__main__":
    main()
