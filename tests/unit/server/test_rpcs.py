"""The registry of methods: each must be declared once, with what it may do."""

from typing import Any

import pytest
from google.protobuf.descriptor import ServiceDescriptor
from tests.fixtures.services import with_a_new_method

from synthserve.v1 import generation_pb2, model_pb2
from synthserve_server.limits.quotas import Kind
from synthserve_server.rpcs import SMALL_REQUEST, Computing, Rpc, UndeclaredError, registry

MODELS = model_pb2.DESCRIPTOR.services_by_name["ModelService"]
GENERATION = generation_pb2.DESCRIPTOR.services_by_name["GenerationService"]


async def _serve(request: Any, context: Any) -> None:
    """Is never called."""


def _rpcs(*services: ServiceDescriptor) -> list[Rpc]:
    return [Rpc(method, _serve) for service in services for method in service.methods]


def test_methods_are_found_by_path() -> None:
    found = registry([MODELS, GENERATION], _rpcs(MODELS, GENERATION))
    assert set(found) == {
        *(f"/synthserve.v1.ModelService/{method.name}" for method in MODELS.methods),
        *(f"/synthserve.v1.GenerationService/{method.name}" for method in GENERATION.methods),
    }
    assert all(path == rpc.path for path, rpc in found.items())


def test_a_method_that_is_not_declared_is_named() -> None:
    with pytest.raises(UndeclaredError, match=r"/synthserve.v1.ModelService/GetModel"):
        registry([MODELS], [rpc for rpc in _rpcs(MODELS) if rpc.descriptor.name != "GetModel"])


def test_a_new_method_must_be_declared() -> None:
    with pytest.raises(UndeclaredError, match=r"/synthserve.v1.GenerationService/DreamRows"):
        registry([MODELS, with_a_new_method(GENERATION, "DreamRows")], _rpcs(MODELS, GENERATION))


def test_a_method_is_declared_once() -> None:
    with pytest.raises(UndeclaredError, match=r"/synthserve.v1.ModelService/ListModels is declared twice"):
        registry([MODELS], [*_rpcs(MODELS), _rpcs(MODELS)[0]])


def test_only_methods_of_the_services_are_declared() -> None:
    with pytest.raises(UndeclaredError, match=r"/synthserve.v1.GenerationService/GenerateImages"):
        registry([MODELS], _rpcs(MODELS, GENERATION))


def test_what_is_not_said_is_the_least() -> None:
    rpc = _rpcs(MODELS)[0]
    assert (rpc.largest_request, rpc.computing, rpc.role) == (SMALL_REQUEST, Computing.NOTHING, None)


def test_requests_are_parsed_as_their_type() -> None:
    (get,) = (rpc for rpc in _rpcs(MODELS) if rpc.descriptor.name == "GetModel")
    request = model_pb2.GetModelRequest(name="models/m")
    assert get.parse(request.SerializeToString()) == request


def test_what_a_method_computes_says_which_limits_hold() -> None:
    assert {computing: computing.kind for computing in Computing} == {
        Computing.NOTHING: None,
        Computing.ROWS: Kind.ROWS,
        Computing.IMAGES: Kind.IMAGES,
        Computing.LATER: None,
    }
