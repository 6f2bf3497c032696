"""A token is got anew for each attempt of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import synthserve

if TYPE_CHECKING:
    from .conftest import Fault, ScriptedServer


@pytest.fixture
def tokens() -> Iterator[str]:
    """First, second, third, …"""
    return iter(f"token-{number}" for number in range(100))


def sent(scripted: ScriptedServer) -> list[str]:
    return [str(metadata["authorization"]) for metadata in scripted.metadata]


def test_each_attempt_sends_a_token_of_its_own(
    scripted: ScriptedServer, retry: synthserve.RetryPolicy, fault: type[Fault], tokens: Iterator[str]
) -> None:
    scripted.unary_faults = [fault()]
    scripted.faults = [fault(2), fault(1)]
    with synthserve.Client(scripted.target, token=lambda: next(tokens), retry=retry) as client:
        assert client.models()
        pages = len(scripted.metadata) - 1
        assert len(list(client.rows("scripted", count=20, seed=1))) == 20
    assert sent(scripted) == [f"Bearer token-{number}" for number in range(1 + pages + 3)]


@pytest.mark.parametrize("awaited", [False, True])
async def test_asyncio_each_attempt_sends_a_token_of_its_own(
    scripted: ScriptedServer, retry: synthserve.RetryPolicy, fault: type[Fault], tokens: Iterator[str], awaited: bool
) -> None:
    async def renewed() -> str:
        await asyncio.sleep(0)
        return next(tokens)

    scripted.unary_faults = [fault()]
    scripted.faults = [fault(2), fault(1)]
    token = renewed if awaited else lambda: next(tokens)
    async with synthserve.AsyncClient(scripted.target, token=token, retry=retry) as client:
        assert await client.models()
        pages = len(scripted.metadata) - 1
        assert len([row async for row in client.rows("scripted", count=20, seed=1)]) == 20
    assert sent(scripted) == [f"Bearer token-{number}" for number in range(1 + pages + 3)]


def test_a_text_is_sent_as_it_is(scripted: ScriptedServer) -> None:
    with synthserve.Client(scripted.target, token="abc", metadata={"x-tenant": "a"}) as client:  # noqa: S106 - of this test
        list(client.rows("scripted", count=1))
    assert sent(scripted) == ["Bearer abc"]
    assert scripted.metadata[0]["x-tenant"] == "a"


def test_what_the_function_raises_is_raised(scripted: ScriptedServer) -> None:
    def fail() -> str:
        raise ValueError("the keyring is closed")

    with synthserve.Client(scripted.target, token=fail) as client:
        with pytest.raises(ValueError, match="the keyring is closed"):
            client.models()
        with pytest.raises(ValueError, match="the keyring is closed"):
            list(client.rows("scripted", count=1))
    assert not scripted.metadata


async def test_asyncio_a_stream_that_is_closed_while_it_gets_a_token_makes_no_call(scripted: ScriptedServer) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def token() -> str:
        asked.set()
        await answer.wait()
        return "late"

    async with synthserve.AsyncClient(scripted.target, token=token) as client:
        stream = client.rows("scripted", count=1)
        reading = asyncio.create_task(stream.to_pandas())
        await asked.wait()
        await stream.aclose()
        answer.set()
        with pytest.raises(synthserve.Cancelled):
            await reading
    assert not scripted.metadata
