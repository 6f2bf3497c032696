"""Describes models by the protocol."""

from synthserve_core.contract.model import Given, Tensor
from synthserve_server.models.catalogue import UNKNOWN_VERSION, Catalogue, FailedPackage, Package, ReadyPackage
from synthserve_server.models.states import State
from synthserve_server.services.oip import inference_pb2
from synthserve_server.services.oip.answers import answered
from synthserve_server.services.oip.requests import described_shape, max_batch
from synthserve_server.services.oip.tensors import datatype

PLATFORM = "onnxruntime_onnx"
"""Triton's name of the platform that runs the graphs."""

BACKEND = "onnxruntime"
"""Triton's newer name of it."""

_BATCH = -1

_STATES = {
    State.READY: "READY",
    State.FAILED: "UNAVAILABLE",
    State.LOADING: "LOADING",
    State.UNLOADING: "UNLOADING",
}

_Metadata = inference_pb2.ModelMetadataResponse.TensorMetadata


def metadata(package: ReadyPackage, catalogue: Catalogue) -> inference_pb2.ModelMetadataResponse:
    """The inputs and outputs of a version."""
    versions = (other for other in catalogue.models[package.id] if isinstance(other, ReadyPackage))
    return inference_pb2.ModelMetadataResponse(
        name=package.id,
        versions=[str(other.version) for other in versions],
        platform=PLATFORM,
        inputs=[_input(name, one) for name, one in package.model.generate.input_tensors.items()],
        outputs=[
            _Metadata(name=name, datatype=one.datatype, shape=(_BATCH, *one.shape))
            for name, one in answered(package.model).items()
        ],
    )


def _input(name: str, tensor: Tensor) -> _Metadata:
    first = 1 if tensor.shared else _BATCH
    return _Metadata(name=name, datatype=datatype(tensor.dtype).name, shape=(first, *described_shape(tensor)))


def config(package: ReadyPackage, max_count: int | None) -> inference_pb2.ModelConfig:
    """Triton's description of a version.

    Args:
        package: The version.
        max_count: The most samples that one request may ask for; None: no limit.
    """
    return inference_pb2.ModelConfig(
        name=package.id,
        platform=PLATFORM,
        backend=BACKEND,
        max_batch_size=max_batch(package.model, max_count),
        default_model_filename=package.model.generate.file,
        input=[
            inference_pb2.ModelInput(
                name=name,
                data_type=datatype(tensor.dtype).number,
                dims=described_shape(tensor),
                reshape=None if tensor.shape else inference_pb2.ModelTensorReshape(),
                optional=isinstance(package.model.generate.inputs[name], Given),
            )
            for name, tensor in package.model.generate.input_tensors.items()
        ],
        output=[
            inference_pb2.ModelOutput(name=name, data_type=one.number, dims=one.shape)
            for name, one in answered(package.model).items()
        ],
    )


def index(catalogue: Catalogue, *, ready: bool) -> inference_pb2.RepositoryIndexResponse:
    """Every version of every model, or only those that can be run."""
    return inference_pb2.RepositoryIndexResponse(
        models=[_entry(package) for package in catalogue.packages if package.state is State.READY or not ready]
    )


def _entry(package: Package) -> inference_pb2.RepositoryIndexResponse.ModelIndex:
    entry = inference_pb2.RepositoryIndexResponse.ModelIndex(name=package.id)
    if package.version != UNKNOWN_VERSION:
        entry.version = str(package.version)
    entry.state = _STATES[package.state]
    if isinstance(package, FailedPackage):
        entry.reason = package.reason
    return entry
