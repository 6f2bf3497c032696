"""A method without a declaration: the server does not start with it, and does not serve it."""

from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from tests.fixtures.in_process import served
from tests.fixtures.services import with_a_new_method
from tests.fixtures.statuses import detail

from synthserve_server.app import Server
from synthserve_server.rpcs import UndeclaredError
from synthserve_server.services import models
from synthserve_server.services.generation import service as generation
from synthserve_server.services.oip import service as oip
from synthserve_server.settings import settings as config


@pytest.mark.parametrize("module", [models, generation, oip])
def test_a_server_with_a_new_method_does_not_start(
    module: ModuleType, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptor = module.DESCRIPTOR
    monkeypatch.setattr(module, "DESCRIPTOR", with_a_new_method(descriptor, "DoMore"))
    settings = config.load({"model_repository": repository, "listen": "127.0.0.1:0", "device": "cpu", "oip": True})
    with pytest.raises(UndeclaredError, match=f"/{descriptor.full_name}/DoMore"):
        Server(settings)


@pytest.mark.parametrize("method", ["DoMore", "GetModel2", ""])
async def test_an_unknown_method_of_a_service_is_refused(method: str, repository: Path) -> None:
    async with served(repository) as address, aio.insecure_channel(address) as channel:
        call: Any = channel.unary_unary(f"/synthserve.v1.ModelService/{method}")
        with pytest.raises(aio.AioRpcError) as caught:
            await call(b"")
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "UNDECLARED_METHOD"
