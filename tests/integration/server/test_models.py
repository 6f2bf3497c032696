from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tests.fixtures import packages
from tests.fixtures.processes import running_server
from tests.fixtures.statuses import detail

from synthserve.v1 import generation_pb2, model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def get(models: ModelServiceStub, name: str) -> model_pb2.Model:
    return models.GetModel(model_pb2.GetModelRequest(name=name)).model


def test_list_models(models: ModelServiceStub) -> None:
    response = models.ListModels(model_pb2.ListModelsRequest())
    assert response.next_page_token == ""
    assert [model.version for model in response.models] == [
        "models/slow/versions/1",
        "models/tiny-grey/versions/1",
        "models/tiny-rgb/versions/1",
        "models/tiny-table/versions/2",
    ]


def test_list_models_in_pages(models: ModelServiceStub) -> None:
    names, token = [], ""
    while True:
        response = models.ListModels(model_pb2.ListModelsRequest(page_size=3, page_token=token))
        assert len(response.models) <= 3
        names += [model.name for model in response.models]
        token = response.next_page_token
        if not token:
            break
    assert names == ["models/slow", "models/tiny-grey", "models/tiny-rgb", "models/tiny-table"]


def test_get_model(models: ModelServiceStub) -> None:
    model = get(models, "models/tiny-table")
    assert (model.name, model.version) == ("models/tiny-table", "models/tiny-table/versions/2")
    assert list(model.versions) == ["models/tiny-table/versions/2", "models/tiny-table/versions/1"]
    assert (model.state, model.state_reason) == (model_pb2.MODEL_STATE_READY, "")
    assert [column.name for column in model.table.columns][:2] == ["length", "count"]
    assert [condition.column for condition in model.conditions] == ["species"]
    assert model.figures[0].metric == "tstr_accuracy"
    assert "tiny-table" in model.card.summary
    assert len(model.graph_sha256) == 64
    assert get(models, "models/tiny-table/versions/1").version == "models/tiny-table/versions/1"
    assert get(models, "models/tiny-rgb").image.channels == 3


@pytest.mark.parametrize("service", ["", "models/slow", "models/tiny-grey", "models/tiny-rgb", "models/tiny-table"])
def test_health(channel: grpc.Channel, service: str) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)
    assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == SERVING


def test_reflection(channel: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)
    assert sorted(database.get_services()) == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "inference.GRPCInferenceService",
        "synthserve.v1.GenerationService",
        "synthserve.v1.ModelService",
    ]
    file = database.FindFileContainingSymbol("synthserve.v1.GenerateRowsResponse")
    assert file.name == "synthserve/v1/generation.proto"


def test_models_that_fail_do_not_stop_the_others(tmp_path: Path) -> None:
    root = tmp_path / "models"
    grey, manifest = packages.image_graph(4, 4, 1), packages.image_manifest(4, 4, 1)
    packages.write_package(root, "good", grey, manifest)
    packages.write_package(root, "good", grey[:50], manifest, version=2)
    packages.write_package(root, "truncated", grey[:50], manifest)
    packages.write_package(root, "digest", grey, manifest, change=lambda m: m["graph"].update(sha256="0" * 64))
    packages.write_package(root, "field", grey, manifest, change=lambda m: m.update(pickle="yes"))
    packages.write_package(root, "outputs", grey, packages.image_manifest(5, 4, 1))
    packages.write_package(root, "inputs", grey, manifest, change=lambda m: m["graph"].update(latent_shape=[6]))
    reasons = {
        "digest": "has the SHA-256",
        "field": "pickle",
        "inputs": "input 'latent' has the shape",
        "outputs": "output 'image' has the shape",
        "truncated": "the graph is not an ONNX model",
    }
    with (
        running_server(root, tmp_path / "log.txt") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        models = ModelServiceStub(channel)
        health: Any = health_pb2_grpc.HealthStub(channel)
        listed = {model.name: model for model in models.ListModels(model_pb2.ListModelsRequest()).models}
        assert sorted(listed) == [
            "models/digest",
            "models/field",
            "models/good",
            *map("models/{}".format, ["inputs", "outputs", "truncated"]),
        ]
        for name, reason in reasons.items():
            model = listed[f"models/{name}"]
            assert model.state == model_pb2.MODEL_STATE_FAILED
            assert reason in model.state_reason
            assert model.WhichOneof("output") is None
            assert get(models, model.name) == model
            assert health.Check(health_pb2.HealthCheckRequest(service=model.name)).status == NOT_SERVING
        assert listed["models/good"].version == "models/good/versions/1"
        assert health.Check(health_pb2.HealthCheckRequest(service="models/good")).status == SERVING
        assert get(models, "models/good/versions/2").state == model_pb2.MODEL_STATE_FAILED

        generation = GenerationServiceStub(channel)
        (response,) = generation.GenerateImages(generation_pb2.GenerateImagesRequest(model="models/good", count=1))
        assert len(response.images) == 1
        for name in ("models/digest", "models/good/versions/2"):
            with pytest.raises(grpc.RpcError) as caught:
                list(generation.GenerateImages(generation_pb2.GenerateImagesRequest(model=name, count=1)))
            assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "MODEL_FAILED"
            failure = detail(caught.value, error_details_pb2.PreconditionFailure).violations[0]
            assert failure.type == "MODEL_STATE"
    log = (tmp_path / "log.txt").read_text()
    for reason in reasons.values():
        assert reason in log
