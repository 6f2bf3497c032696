"""docs/api.md is whole. That it is what proto/ generates is looked at by `make lint`."""

import re
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, ServiceDescriptor
from markdown_it import MarkdownIt

from synthserve.v1 import generation_pb2, manifest_pb2, model_pb2, schema_pb2

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
MODULES = (generation_pb2, model_pb2, schema_pb2, manifest_pb2)
MESSAGES: list[Descriptor] = [one for module in MODULES for one in module.DESCRIPTOR.message_types_by_name.values()]
ENUMS: list[EnumDescriptor] = [one for module in MODULES for one in module.DESCRIPTOR.enum_types_by_name.values()]
SERVICES: list[ServiceDescriptor] = [one for module in MODULES for one in module.DESCRIPTOR.services_by_name.values()]


def section(name: str) -> str:
    """What stands under a heading of its own."""
    (found,) = re.findall(rf"^###+ {name}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(name: str) -> list[list[str]]:
    """The cells of the section's table, without its head."""
    lines = [line for line in section(name).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_messages(message: Descriptor) -> None:
    told = {name: (int(number), kind, meaning) for name, number, kind, meaning in rows(message.name)}
    assert set(told) == {f"`{field.name}`" for field in message.fields}
    for field in message.fields:
        number, kind, meaning = told[f"`{field.name}`"]
        assert number == field.number
        assert meaning.endswith(".")
        assert kind.startswith(("repeated ", "map of ")) is field.is_repeated
        assert kind.startswith("optional ") is (
            field.containing_oneof is not None and field.containing_oneof.name == f"_{field.name}"
        )
        if field.message_type and not field.message_type.GetOptions().map_entry:
            assert field.message_type.name in kind
    for oneof in message.oneofs:
        if not oneof.name.startswith("_"):
            assert f"`{oneof.name}` is one of {', '.join(f'`{field.name}`' for field in oneof.fields)}." in section(
                message.name
            )


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.name)
def test_enums(enum: EnumDescriptor) -> None:
    assert [row[:2] for row in rows(enum.name)] == [[f"`{value.name}`", str(value.number)] for value in enum.values]
    assert all(meaning for *_, meaning in rows(enum.name))


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_services(service: ServiceDescriptor) -> None:
    assert section(service.name).strip()
    for method in service.methods:
        takes, _, gives = section(method.name).strip().splitlines()[0].partition(" → ")
        assert takes.startswith(f"[`{method.input_type.name}`]")
        assert gives.startswith("stream of ") is method.server_streaming
        assert f"[`{method.output_type.name}`]" in gives


def test_comments_are_not_taken_for_markup() -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(PAGE)
    assert html.count("<table>") > 20
    assert not re.search(r"<(em|strong|del|s)>", html)
