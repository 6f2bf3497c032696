"""Drivers: closed loops of callers that make calls and count what comes. They run in a client process."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from tests.benchmarks import grpc_client, http_client, in_process, sdk
from tests.benchmarks.plans import Plan, Record, Transport

MOST_CALLS = 1_000_000
"""No caller makes more calls than this, whatever the clock says."""

CHANNEL_OPTIONS = [("grpc.max_receive_message_length", -1)]

Call = Callable[[], Awaitable[float]]
"""Makes one call, and counts what comes; returns seconds to the first message."""


def drive(plan: Plan) -> Record:
    """Does what the plan says, in this process."""
    if plan.transport is Transport.IN_PROCESS:
        return in_process.drive(plan)
    if plan.transport is Transport.SDK:
        return sdk.drive(plan)
    return asyncio.run(_drive(plan))


async def _drive(plan: Plan) -> Record:
    record = Record()
    opened = {Transport.GRPC_STREAM: grpc_calls, Transport.GRPC_UNARY: grpc_calls, Transport.HTTP: http}
    async with opened[plan.transport](plan, record) as callers:
        await closed_loop(plan, record, callers)
    return record


async def closed_loop(plan: Plan, record: Record, callers: list[Call]) -> None:
    """Lets each caller make one call after another.

    Raises:
        Exception: What a call raised; the first one ends the loop.
    """
    started = time.perf_counter()

    async def make_calls(call: Call) -> None:
        for _ in range(MOST_CALLS):
            begun = time.perf_counter()
            try:
                first = await call()
            except asyncio.CancelledError:
                record.unfinished += 1
                raise
            ended = time.perf_counter()
            record.firsts.append(first)
            record.latencies.append(ended - begun)
            if ended - started >= plan.seconds:
                return

    tasks = [asyncio.create_task(make_calls(call)) for call in callers]
    done, pending = await asyncio.wait(tasks, timeout=plan.limit, return_when=asyncio.FIRST_EXCEPTION)
    record.seconds = time.perf_counter() - started
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


@asynccontextmanager
async def grpc_calls(plan: Plan, record: Record) -> AsyncIterator[list[Call]]:
    """Callers of a gRPC method, unary or server-streaming, each with a connection of its own."""
    connections = [await grpc_client.connect(plan.address) for _ in range(plan.workload.callers)]
    headers = grpc_client.call_headers(plan.address, plan.method)

    def caller(connection: grpc_client.GrpcConnection) -> Call:
        async def call() -> float:
            first = 0.0
            started = time.perf_counter()
            for request in plan.requests:
                sent = time.perf_counter()
                await connection.ask(headers, request)
                first = first or sent - started + (connection.first or 0.0)
                record.received += connection.received
                record.samples += plan.samples_a_request
            return first

        async def call_until_first() -> float:
            return await connection.first_bytes(headers, plan.requests[0])

        return call_until_first if plan.workload.first_only else call

    try:
        await asyncio.wait_for(connections[0].ask(headers, plan.warm_up), plan.limit)
        yield [caller(connection) for connection in connections]
    finally:
        for connection in connections:
            connection.close()


@asynccontextmanager
async def http(plan: Plan, record: Record) -> AsyncIterator[list[Call]]:
    """Callers of an HTTP server, each with a connection of its own."""
    connections = [await http_client.connect(plan.address) for _ in range(plan.workload.callers)]

    def caller(connection: http_client.HttpConnection) -> Call:
        async def call() -> float:
            first = 0.0
            started = time.perf_counter()
            for request in plan.requests:
                sent = time.perf_counter()
                await connection.ask(request)
                first = first or sent - started + (connection.first or 0.0)
                record.received += connection.received
                record.samples += plan.samples_a_request
            return first

        return call

    def abandoning(number: int) -> Call:
        async def call() -> float:
            first = await connections[number].first_bytes(plan.requests[0])
            # HTTP/1.1 has no other way to end an answer early. The new connection is opened outside of what is timed.
            connections[number].close()
            connections[number] = await http_client.connect(plan.address)
            return first

        return call

    try:
        await asyncio.wait_for(connections[0].ask(plan.warm_up), plan.limit)
        if plan.workload.first_only:
            yield [abandoning(number) for number in range(len(connections))]
        else:
            yield [caller(connection) for connection in connections]
    finally:
        for connection in connections:
            connection.close()


def fetch(plan: Plan) -> bytes:
    """Makes one call and returns what came, message after message; to check what a server sends."""
    if plan.transport is Transport.HTTP:
        return asyncio.run(_fetch_http(plan))
    with grpc.insecure_channel(plan.address, CHANNEL_OPTIONS) as channel:
        if plan.transport is Transport.GRPC_UNARY:
            unary: Any = channel.unary_unary(plan.method)
            return b"".join(unary(request, timeout=plan.limit) for request in plan.requests)
        stream: Any = channel.unary_stream(plan.method)
        return b"".join(stream(plan.requests[0], timeout=plan.limit))


async def _fetch_http(plan: Plan) -> bytes:
    parts: list[bytes] = []
    connection = await http_client.connect(plan.address, parts.append)
    try:
        for request in plan.requests:
            await asyncio.wait_for(connection.ask(request), plan.limit)
    finally:
        connection.close()
    return b"".join(parts)
