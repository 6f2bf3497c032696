"""A server that breaks the contract: nothing of it is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import synthserve

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.sdk.conftest import ScriptedServer

    from synthserve.v1 import generation_pb2 as pb


def skip_one(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.first_index += response.first_index > 0
    return response


def repeat(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.first_index = 0
    return response


def too_many(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.row_count += 1
    return response


def no_info(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.ClearField("info")
    return response


def other_seed(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.info.seed += 1
    return response


def bad_name(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.info.model = "scripted"
    return response


def short_column(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    del response.columns.columns[0].doubles.values[0]
    return response


def bad_code(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.columns.columns[2].categories.codes[0] = -1
    return response


def bad_offsets(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.columns.columns[5].strings.offsets[-1] += 1
    return response


def bad_text(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    strings = response.columns.columns[5].strings
    strings.data = b"\xff" * len(strings.data)
    return response


def bad_date(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.columns.columns[6].dates.days[0] = 2**31 - 1
    return response


def bad_instant(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.columns.columns[8].timestamps.microseconds[0] = -(2**63)
    return response


def fewer_categories(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    del response.info.schema.columns[2].categories[1:]
    return response


def fewer_parts(response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
    response.info.part_count += response.HasField("info")
    return response


MANGLED = [
    skip_one,
    repeat,
    too_many,
    no_info,
    other_seed,
    bad_name,
    short_column,
    bad_code,
    bad_offsets,
    bad_text,
    bad_date,
    bad_instant,
    fewer_categories,
    fewer_parts,
]


@pytest.mark.parametrize("mangle", MANGLED)
def test_a_broken_contract_is_never_passed_on(
    scripted: ScriptedServer,
    client: synthserve.Client,
    mangle: Callable[[pb.GenerateRowsResponse], pb.GenerateRowsResponse],
) -> None:
    scripted.mangle = mangle
    with pytest.raises(synthserve.ProtocolError):
        list(client.rows("scripted", count=9, seed=1))
    assert len(scripted.requests) == 1


def test_an_early_end_is_never_taken_for_the_end(scripted: ScriptedServer, client: synthserve.Client) -> None:
    original = scripted._rows
    scripted._rows = lambda request: iter(list(original(request))[:-1])  # type: ignore[method-assign]  # a server that misbehaves
    with pytest.raises(synthserve.ProtocolError, match="ended at index 6, but 9 was asked for"):
        client.rows("scripted", count=9, seed=1).to_arrow()
