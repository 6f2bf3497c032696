"""The Open Inference Protocol against a real server, with requests of all kinds."""

from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.fixtures import oip, packages
from tests.fixtures.oip import CODES, INPUTS, LATENT, MODEL, arrays, equal, failed, request
from tests.fixtures.statuses import detail, violations

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve_server.services.oip import inference_pb2

LARGEST_BATCH = 4096


def test_the_server_is_there(inference: Any) -> None:
    assert inference.ServerLive(inference_pb2.ServerLiveRequest()).live
    assert inference.ServerReady(inference_pb2.ServerReadyRequest()).ready
    about = inference.ServerMetadata(inference_pb2.ServerMetadataRequest())
    assert about.name == "synthserve"
    assert about.version
    assert set(about.extensions) == {"model_configuration", "model_repository", "statistics"}


@pytest.mark.parametrize(
    ("name", "version", "ready"),
    [
        (MODEL, "", True),
        (MODEL, "1", True),
        (MODEL, "9", False),
        (MODEL, "one", False),
        ("nothing", "", False),
        ("../etc", "", False),
        ("", "", False),
    ],
)
def test_models_are_ready_or_not(inference: Any, name: str, version: str, ready: bool) -> None:
    assert inference.ModelReady(inference_pb2.ModelReadyRequest(name=name, version=version)).ready is ready


def test_metadata_tell_names_types_and_shapes(inference: Any) -> None:
    found = inference.ModelMetadata(inference_pb2.ModelMetadataRequest(name=MODEL))
    assert (found.name, list(found.versions), found.platform) == (MODEL, ["2", "1"], "onnxruntime_onnx")
    described = [(tensor.name, tensor.datatype, list(tensor.shape)) for tensor in found.inputs]
    assert described == [("latent", "FP32", [-1, packages.LATENT]), ("condition:species", "INT64", [-1, 1])]
    types = {tensor.name: tensor.datatype for tensor in found.outputs}
    assert types["length"] == "FP64"
    assert types["count"] == "INT64"
    assert types["valid:count"] == "BOOL"
    assert types["species"] == "INT32"
    (image,) = inference.ModelMetadata(inference_pb2.ModelMetadataRequest(name="tiny-rgb")).outputs
    assert (image.name, image.datatype, list(image.shape)) == ("image", "UINT8", [-1, 20, 30, 3])


def test_the_configuration_agrees_with_the_metadata(inference: Any) -> None:
    found = inference.ModelMetadata(inference_pb2.ModelMetadataRequest(name=MODEL))
    config = inference.ModelConfig(inference_pb2.ModelConfigRequest(name=MODEL)).config
    assert (config.name, config.platform, config.backend) == (MODEL, found.platform, "onnxruntime")
    assert config.max_batch_size == LARGEST_BATCH
    for described, configured in ((found.inputs, config.input), (found.outputs, config.output)):
        for tensor, other in zip(described, configured, strict=True):
            assert tensor.name == other.name
            assert f"TYPE_{tensor.datatype}" == inference_pb2.DataType.Name(other.data_type)
            assert list(tensor.shape) == [-1, *other.dims]
    assert [(tensor.name, tensor.optional, tensor.HasField("reshape")) for tensor in config.input] == [
        ("latent", False, False),
        ("condition:species", True, True),
    ]


@pytest.mark.parametrize("method", ["ModelMetadata", "ModelConfig", "ModelStatistics"])
def test_descriptions_of_what_is_not_there(inference: Any, method: str) -> None:
    call = getattr(inference, method)
    asked = {"ModelMetadata": inference_pb2.ModelMetadataRequest, "ModelConfig": inference_pb2.ModelConfigRequest}
    kind: Any = asked.get(method, inference_pb2.ModelStatisticsRequest)
    error = failed(call, kind(name="nothing"))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert detail(error, error_details_pb2.ResourceInfo).resource_name == "models/nothing"
    assert failed(call, kind(name=MODEL, version="9")).code() is grpc.StatusCode.NOT_FOUND
    assert list(violations(failed(call, kind(name="../etc", version="x")))) == ["name", "version"]


def test_the_index_lists_every_version(inference: Any) -> None:
    models = inference.RepositoryIndex(inference_pb2.RepositoryIndexRequest()).models
    assert ("tiny-table", "1", "READY") in [(model.name, model.version, model.state) for model in models]
    assert inference.RepositoryIndex(inference_pb2.RepositoryIndexRequest(ready=True)).models == models
    error = failed(inference.RepositoryIndex, inference_pb2.RepositoryIndexRequest(repository_name="other"))
    assert list(violations(error)) == ["repository_name"]


@pytest.mark.parametrize("raw", [True, False])
def test_noise_of_the_server_gives_the_rows_of_the_server(server_address: str, inference: Any, raw: bool) -> None:
    with grpc.insecure_channel(server_address) as channel:
        generation: Any = GenerationServiceStub(channel)
        asked = generation_pb2.GenerateRowsRequest(model=f"models/{MODEL}", seed=7, count=8)
        responses = list(generation.GenerateRows(asked))
    names = [column.name for column in responses[0].info.schema.columns]
    (columns,) = [response.columns.columns for response in responses]
    found = arrays(inference.ModelInfer(request(MODEL, {"latent": LATENT}, raw=raw)))
    for name, column in zip(names, columns, strict=True):
        values: Any = getattr(column, column.WhichOneof("values"))
        values = values.codes if hasattr(values, "codes") else values.values
        valid = np.array(column.validity or [True] * 8)
        np.testing.assert_array_equal(np.array(values)[valid], found[name][valid])
        if column.validity:
            np.testing.assert_array_equal(found[f"valid:{name}"], valid)


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("batch", [1, 3, 8])
def test_answers_are_those_of_the_graph(inference: Any, table_graph: Any, raw: bool, batch: int) -> None:
    feeds = {name: array[:batch] for name, array in INPUTS.items()}
    response = inference.ModelInfer(request(MODEL, feeds, raw=raw, id="an id"))
    assert (response.model_name, response.model_version, response.id) == (MODEL, "2", "an id")
    assert bool(response.raw_output_contents) is raw
    equal(arrays(response), table_graph(feeds))


def test_outputs_come_in_the_order_asked_for(inference: Any, table_graph: Any) -> None:
    wanted = ["species", "length"]
    response = inference.ModelInfer(request(MODEL, INPUTS, outputs=[{"name": name} for name in wanted]))
    expected = table_graph(INPUTS)
    equal(arrays(response), {name: expected[name] for name in wanted})
    assert list(arrays(response)) == wanted
    described = inference.ModelMetadata(inference_pb2.ModelMetadataRequest(name=MODEL)).outputs
    assert list(arrays(inference.ModelInfer(request(MODEL, INPUTS)))) == [tensor.name for tensor in described]


def test_inputs_may_come_in_any_order_and_versions_are_chosen(inference: Any, table_graph: Any) -> None:
    feeds = {name: INPUTS[name] for name in reversed(INPUTS)}
    response = inference.ModelInfer(request(MODEL, feeds, model_version="1"))
    assert response.model_version == "1"
    equal(arrays(response), table_graph(INPUTS))


@pytest.mark.parametrize("raw", [True, False])
def test_one_value_for_each_sample_may_be_a_column(inference: Any, table_graph: Any, raw: bool) -> None:
    feeds = {"latent": LATENT, "condition:species": CODES.reshape(8, 1)}
    equal(arrays(inference.ModelInfer(request(MODEL, feeds, raw=raw))), table_graph(INPUTS))


def test_images_are_pixels(inference: Any) -> None:
    feeds = {"latent": LATENT}
    raw, typed = (arrays(inference.ModelInfer(request("tiny-rgb", feeds, raw=raw)))["image"] for raw in (True, False))
    assert raw.shape == (8, 20, 30, 3)
    assert raw.any()
    np.testing.assert_array_equal(raw, typed)


def test_parameters_that_change_nothing_are_ignored(inference: Any, table_graph: Any) -> None:
    asked = request(MODEL, INPUTS)
    asked.parameters["timeout"].int64_param = 1
    asked.parameters["anything"].string_param = "else"
    asked.inputs[0].parameters["binary_data_size"].int64_param = 160
    equal(arrays(inference.ModelInfer(asked)), table_graph(INPUTS))


def test_answers_say_that_they_are_synthetic(inference: Any) -> None:
    _, call = inference.ModelInfer.with_call(request(MODEL, INPUTS))
    metadata = dict(call.initial_metadata())
    assert metadata["synthserve-synthetic"] == "true"
    assert metadata["synthserve-model"] == f"models/{MODEL}/versions/2"


def test_statistics_count_what_was_run(inference: Any) -> None:
    def counted() -> Any:
        (found,) = inference.ModelStatistics(inference_pb2.ModelStatisticsRequest(name="tiny-grey")).model_stats
        return found

    before = counted()
    inference.ModelInfer(request("tiny-grey", {"latent": LATENT}))
    failed(inference.ModelInfer, request("tiny-grey", {"latent": LATENT * np.float32(np.inf)}))
    after = counted()
    assert (after.name, after.version) == ("tiny-grey", "1")
    assert after.inference_count == before.inference_count + 8
    assert after.execution_count == before.execution_count + 1
    assert after.last_inference > before.last_inference
    spent = after.inference_stats
    assert spent.fail.count == before.inference_stats.fail.count + 1
    assert spent.success.count == spent.compute_infer.count == after.execution_count
    assert spent.queue.ns + spent.compute_input.ns + spent.compute_infer.ns + spent.compute_output.ns > 0
    assert spent.compute_infer.ns < spent.success.ns
    every = inference.ModelStatistics(inference_pb2.ModelStatisticsRequest()).model_stats
    assert {(one.name, one.version) for one in every} >= {("tiny-table", "1"), ("tiny-table", "2"), ("slow", "1")}
    versions = inference.ModelStatistics(inference_pb2.ModelStatisticsRequest(name="tiny-table")).model_stats
    assert [one.version for one in versions] == ["2", "1"]
    (one,) = inference.ModelStatistics(inference_pb2.ModelStatisticsRequest(name="tiny-table", version="1")).model_stats
    assert one.version == "1"


def test_a_stream_answers_in_order_and_goes_on_after_errors(inference: Any, table_graph: Any) -> None:
    asked = [request(MODEL, INPUTS, id=str(number)) for number in range(40)]
    asked[3].model_name = "nothing"
    asked[7].inputs[0].datatype = "FP16"
    asked[9] = request("tiny-rgb", {"latent": LATENT}, id="9")
    asked[11].parameters["triton_enable_empty_final_response"].bool_param = True
    responses = list(inference.ModelStreamInfer(iter(asked)))
    assert [response.infer_response.id for response in responses] == [str(number) for number in range(40)]
    errors = {place: response.error_message for place, response in enumerate(responses) if response.error_message}
    assert set(errors) == {3, 7}
    assert "there is no models/nothing" in errors[3]
    assert "send FP32" in errors[7]
    assert arrays(responses[9].infer_response)["image"].shape == (8, 20, 30, 3)
    # As Triton has it: opted in or not, answered or refused, each is the only one of its request.
    for response in responses:
        assert list(response.infer_response.parameters) == ["triton_final_response"]
        assert response.infer_response.parameters["triton_final_response"].bool_param
    expected = table_graph(INPUTS)
    for place in set(range(40)) - {3, 7, 9}:
        equal(arrays(responses[place].infer_response), expected)


def test_a_stream_without_requests(inference: Any) -> None:
    assert list(inference.ModelStreamInfer(iter([]))) == []


def test_who_is_no_administrator_changes_nothing(inference: Any) -> None:
    for call, asked in (
        (inference.RepositoryModelLoad, inference_pb2.RepositoryModelLoadRequest(model_name=MODEL)),
        (inference.RepositoryModelUnload, inference_pb2.RepositoryModelUnloadRequest(model_name=MODEL)),
    ):
        error = failed(call, asked)
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED
        assert detail(error, error_details_pb2.ErrorInfo).reason == "PERMISSION_DENIED"


def test_reflection_lists_and_describes_the_service(server_address: str) -> None:
    def asked(channel: grpc.Channel, **fields: Any) -> Any:
        reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        (response,) = reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(**fields)]))
        return response

    with grpc.insecure_channel(server_address) as channel:
        listed = {service.name for service in asked(channel, list_services="").list_services_response.service}
        assert {oip.SERVICE.full_name, "synthserve.v1.GenerationService", "grpc.health.v1.Health"} <= listed
        for symbol in (*listed, "google.rpc.ErrorInfo"):
            files = asked(channel, file_containing_symbol=symbol).file_descriptor_response.file_descriptor_proto
            described = [descriptor_pb2.FileDescriptorProto.FromString(file) for file in files]
            package, _, name = symbol.rpartition(".")
            (holder, *_) = [file for file in described if file.package == package]
            assert name in {*(one.name for one in holder.service), *(one.name for one in holder.message_type)}
