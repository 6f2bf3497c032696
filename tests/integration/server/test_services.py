"""What probes and tools ask of a server by the full names of its services: health and reflection."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from tests.fixtures.serving import serving

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN

ALWAYS = ["synthserve.v1.GenerationService", "synthserve.v1.ModelService", "grpc.health.v1.Health"]
OIP = ["inference.GRPCInferenceService"]
REFLECTION = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]


async def check(stub: Any, service: str) -> Any:
    """The status, or the code of the refusal."""
    try:
        return (await stub.Check(health_pb2.HealthCheckRequest(service=service))).status
    except aio.AioRpcError as error:
        return error.code()


async def test_health_by_the_names_of_services_is_that_of_the_server(small: Path) -> None:
    services = ["", *ALWAYS, *OIP, *REFLECTION]
    async with serving(small) as served, aio.insecure_channel(served.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        assert [await check(stub, service) for service in services] == [SERVING] * len(services)
        watches = [stub.Watch(health_pb2.HealthCheckRequest(service=service)) for service in services]
        assert [(await watch.read()).status for watch in watches] == [SERVING] * len(services)
        # It drains: some time is left for those who ask.
        stopping = asyncio.ensure_future(served.server.stop(0, delay_seconds=3600))
        assert [(await watch.read()).status for watch in watches] == [NOT_SERVING] * len(services)
        assert [await check(stub, service) for service in services] == [NOT_SERVING] * len(services)
        stopping.cancel()


async def test_services_that_are_off_or_of_others_are_not_known(small: Path) -> None:
    others = [*OIP, *REFLECTION, "synthserve.v1", "synthserve.v1.generationservice", "GenerationService", "a.B"]
    async with serving(small, oip=False, reflection=False) as served, aio.insecure_channel(served.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        assert [await check(stub, service) for service in ALWAYS] == [SERVING] * len(ALWAYS)
        assert [await check(stub, service) for service in others] == [grpc.StatusCode.NOT_FOUND] * len(others)
        for service in others:
            assert (await stub.Watch(health_pb2.HealthCheckRequest(service=service)).read()).status == UNKNOWN


async def reflect(channel: aio.Channel, service: str, **question: Any) -> Any:
    # The two versions have the same messages under two names.
    call: Any = channel.stream_stream(
        f"/{service}/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )(iter([reflection_pb2.ServerReflectionRequest(**question)]))
    (answer,) = [answer async for answer in call]
    return answer


@pytest.mark.parametrize("version", REFLECTION)
async def test_both_versions_of_reflection_tell_the_same(small: Path, version: str) -> None:
    async with serving(small) as served, aio.insecure_channel(served.address) as channel:
        listed = await reflect(channel, version, list_services="")
        names = {service.name for service in listed.list_services_response.service}
        assert names == {*ALWAYS, *OIP, *REFLECTION}
        for name in names:
            found = await reflect(channel, version, file_containing_symbol=name)
            files = [
                descriptor_pb2.FileDescriptorProto.FromString(file)
                for file in found.file_descriptor_response.file_descriptor_proto
            ]
            assert name in {f"{file.package}.{service.name}" for file in files for service in file.service}
        gone = await reflect(channel, version, file_containing_symbol="no.Such")
        assert gone.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


async def test_the_version_that_is_describes_itself_whole(small: Path) -> None:
    async with serving(small) as served, aio.insecure_channel(served.address) as channel:
        found = await reflect(channel, REFLECTION[0], file_by_filename="grpc/reflection/v1/reflection.proto")
    (file,) = map(descriptor_pb2.FileDescriptorProto.FromString, found.file_descriptor_response.file_descriptor_proto)
    assert file.package == "grpc.reflection.v1"
    assert "v1alpha" not in str(file)


async def test_neither_version_is_there_without_reflection(small: Path) -> None:
    async with serving(small, reflection=False) as served, aio.insecure_channel(served.address) as channel:
        for version in REFLECTION:
            with pytest.raises(aio.AioRpcError) as caught:
                await reflect(channel, version, list_services="")
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
