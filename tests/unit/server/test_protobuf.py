"""Which protobuf the server runs with."""

import subprocess
import sys

import pytest

from synthserve_server.system import protobuf


@pytest.mark.parametrize(
    ("value", "ignored"), [("python", ["python"]), ("cpp", ["cpp"]), ("other", ["other"]), ("", [])]
)
def test_the_choice_of_another_implementation_is_ignored(
    value: str, ignored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protobuf, "ignored", [])
    environment = {protobuf.VARIABLE: value, "OTHER": "stays"}
    protobuf.ignore_slow_implementations(environment)
    assert environment == {"OTHER": "stays"}
    assert protobuf.ignored == ignored


@pytest.mark.parametrize("environment", [{}, {protobuf.VARIABLE: "upb"}])
def test_the_one_in_c_may_be_asked_for(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protobuf, "ignored", [])
    before = dict(environment)
    protobuf.ignore_slow_implementations(environment)
    assert (environment, protobuf.ignored) == (before, [])


WITHOUT_C = """
import sys
sys.modules["google._upb"] = None
from google.protobuf.internal import api_implementation
assert api_implementation.Type() == "python"
from synthserve_server.services import reflection
from synthserve_server.services.oip import inference_pb2, service
tensor = inference_pb2.ModelInferRequest.InferInputTensor(name="latent", datatype="FP32", shape=[2, 3])
request = inference_pb2.ModelInferRequest(model_name="m", inputs=[tensor])
request.parameters["flag"].bool_param = True
assert inference_pb2.ModelInferRequest.FromString(request.SerializeToString()) == request
assert inference_pb2.ModelConfig.DESCRIPTOR.full_name == "inference.ModelConfig"
pool = reflection.describing([service.DESCRIPTOR.full_name, *reflection.SERVICES])
assert pool.FindServiceByName("grpc.reflection.v1.ServerReflection").methods[0].client_streaming
"""


def test_the_messages_work_where_there_is_none_in_c() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_C], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
