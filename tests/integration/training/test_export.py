"""Real training, real conversion, real onnxruntime; few epochs and small networks."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from google.protobuf import json_format

from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import COLUMN_TYPE_DOUBLE, Column, TableSchema
from synthserve_training import recipe as recipes
from synthserve_training.datasets import Images
from synthserve_training.errors import ExportError
from synthserve_training.experiment import Experiment, assemble
from synthserve_training.export import package, verify, versions
from synthserve_training.export.graph import convert
from synthserve_training.export.scales import fold
from synthserve_training.export.transposed import Form, rewrite, transposed_convolutions
from synthserve_training.finished import FinishedModel, finish
from synthserve_training.networks import dcgan
from synthserve_training.preprocessing import image
from synthserve_training.run_folder import Facts, hardware, package_versions
from synthserve_training.samplers.prior import Prior

TRAINING = package.Training(0, 0.0, Facts(seed=1, hardware=hardware(), packages=package_versions()))
SAMPLERS = ["prior", "interpolation", "mixture"]


def iris(sampler: str) -> Experiment:
    experiment = assemble(recipes.read("iris-vae"), seed=1)
    section = {"kind": sampler} if sampler == "prior" else {"kind": sampler, "condition": "species"}
    return dataclasses.replace(experiment, recipe=experiment.recipe.model_copy(update={"sampler": section}))


@pytest.fixture(scope="module")
def digits() -> FinishedModel:
    pixels = np.zeros((4, 28, 28, 1), np.uint8)
    prepared = image.fit(image.Options(), Images(pixels, np.zeros(4, np.int64)))
    options = dcgan.Options(generator_filters=(16, 8, 8), discriminator_filters=(4, 4))
    networks = dcgan.build(options, (28, 28, 1))
    return FinishedModel(Prior(networks.latent_size), networks.generator, prepared.decoder)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_package_holds_a_verified_graph_and_a_manifest_that_describes_it(sampler: str, tmp_path: Path) -> None:
    experiment = iris(sampler)
    folder = package.write(experiment, finish(experiment), TRAINING, tmp_path, 1)
    assert folder == tmp_path / "iris-vae/1"
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "model.onnx"]
    manifest = json_format.Parse((folder / "manifest.json").read_text(), Manifest())
    assert manifest.graph.sha256 == hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()

    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    wanted = {"latent": ("tensor(float)", ["batch", *manifest.graph.latent_shape])}
    wanted |= {f"condition:{c.column}": ("tensor(int64)", ["batch"]) for c in manifest.conditions}
    assert {i.name: (i.type, i.shape) for i in session.get_inputs()} == wanted
    types = {column.name: column.type for column in manifest.table.columns}
    assert [o.name for o in session.get_outputs()] == list(types)
    assert {tuple(o.shape) for o in session.get_outputs()} == {("batch",)}
    assert {o.name: o.type for o in session.get_outputs()}["species"] == "tensor(int32)"


@pytest.mark.parametrize(
    ("sampler", "carried"),
    [
        ("interpolation", "The graph carries every encoded training sample (sampler: interpolation)."),
        ("mixture", "The graph carries means and covariances of groups of encoded training samples, no single sample."),
    ],
)
def test_card_tells_what_the_sampler_carries_of_the_training_data(sampler: str, carried: str, tmp_path: Path) -> None:
    experiment = iris(sampler)
    folder = package.write(experiment, finish(experiment), TRAINING, tmp_path, 1)
    privacy = json.loads((folder / "manifest.json").read_text())["card"]["privacy"]
    assert privacy[-1] == carried


def test_graph_has_no_random_node() -> None:
    graph = convert(finish(iris("mixture"))).graph
    assert not [node.op_type for node in graph.node if "Random" in node.op_type or node.op_type == "Multinomial"]


def test_condition_fixes_the_column_and_absence_draws_all_classes() -> None:
    session = onnxruntime.InferenceSession(
        convert(finish(iris("mixture"))).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    latent = np.random.default_rng(0).standard_normal((3000, session.get_inputs()[0].shape[1]), np.float32)
    for code in range(3):
        feeds = {"latent": latent, "condition:species": np.full(3000, code, np.int64)}
        assert set(session.run(["species"], feeds)[0].tolist()) == {code}


def test_images_are_finished_pixels(digits: FinishedModel) -> None:
    graph = convert(digits)
    verify.verify(graph.SerializeToString(), digits)
    (output,) = graph.graph.output
    assert output.name == "image"
    assert output.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    shape = [d.dim_param or d.dim_value for d in output.type.tensor_type.shape.dim]
    assert shape == ["batch", 28, 28, 1]


def test_export_refuses_a_graph_that_differs_from_the_network(digits: FinishedModel) -> None:
    graph = convert(digits).SerializeToString()
    kernel = digits.generator.layers[0].kernel
    before = np.asarray(kernel)
    kernel.assign(before * 1.5)
    try:
        with pytest.raises(ExportError, match="'image' differs between onnxruntime and Keras"):
            verify.verify(graph, digits)
    finally:
        kernel.assign(before)


@pytest.mark.parametrize(
    ("expected", "actual", "agree"),
    [
        (np.ones(3), np.ones(3) * (1 + 9e-6), True),
        (np.ones(3), np.ones(3) * (1 + 1e-4), False),
        (np.array([1e-6, 1e-6]), np.array([1e-6, 2e-6]), False),
        (np.full(3, 255, np.uint8), np.full(3, 254, np.uint8), True),
        (np.zeros(3, np.uint8), np.full(3, 2, np.uint8), False),
        (np.zeros(3, np.int32), np.array([0, 0, 1], np.int32), False),
    ],
)
def test_agreement_has_the_tolerances_of_each_type(expected: np.ndarray, actual: np.ndarray, agree: bool) -> None:
    assert bool(verify.agreement(expected, actual).all()) is agree


@pytest.mark.parametrize("actual", [{"x": np.ones(3, np.float32)}, {"x": np.ones(4)}, {"y": np.ones(3)}])
def test_other_type_shape_or_name_is_refused(actual: dict[str, np.ndarray]) -> None:
    with pytest.raises(ExportError, match="expected"):
        verify.check_kinds({"x": np.ones(3)}, actual)


def test_difference_is_forgiven_on_the_edge_of_a_step_and_only_there() -> None:
    model = finish(iris("mixture"))
    latent = np.random.default_rng(0).standard_normal((400_000, model.noise_size), np.float32)
    spread = slice(model.noise_size - 4, None)  # what each of the four numbers varies by on its own
    latent[:, spread] *= 1e-3  # a part of such noise is less than float error
    shifted = latent.copy()
    shifted[:, spread] += 4e-6
    unset = {"species": np.full(len(latent), -1, np.int64)}
    before, after = (
        {name: np.asarray(values) for name, values in model(noise, unset).items()} for noise in (latent, shifted)
    )
    (edge,) = np.nonzero(np.any([before[name] != after[name] for name in before], axis=0))
    assert edge.size
    unset = {"species": np.full(len(edge), -1, np.int64)}
    other_side = {name: values[edge] for name, values in after.items()}
    assert verify.stands_on_a_step(model, latent[edge], unset, other_side)
    beyond = {**other_side, "sepal_length": other_side["sepal_length"] + 0.2}
    assert not verify.stands_on_a_step(model, latent[edge], unset, beyond)


def test_graph_that_is_wrong_for_one_category_is_refused() -> None:
    model = finish(iris("mixture"))
    graph = convert(model).SerializeToString()
    means = model.sampler.means.copy()  # type: ignore[attr-defined]  # the recipe's sampler is a mixture
    means[model.sampler.classes == 2] += 3.0  # type: ignore[attr-defined]  # the recipe's sampler is a mixture
    sampler = dataclasses.replace(model.sampler, means=means)  # type: ignore[type-var]  # the recipe's sampler is a mixture
    with pytest.raises(ExportError, match="differs between onnxruntime and Keras"):
        verify.verify(graph, dataclasses.replace(model, sampler=sampler))


def test_column_with_more_decimals_than_it_tells_is_refused() -> None:
    schema = TableSchema(columns=[Column(name="x", type=COLUMN_TYPE_DOUBLE, decimals=1)])
    verify.check_decimals(schema, {"x": np.array([2.8, 0.3])})
    with pytest.raises(ExportError, match=r"'x' has .*2\.8000000000000003"):
        verify.check_decimals(schema, {"x": np.array([0.3, 28 * 0.1])})


def test_version_once_written_is_never_changed(tmp_path: Path) -> None:
    experiment = iris("mixture")
    model = finish(experiment)
    before = (package.write(experiment, model, TRAINING, tmp_path, 1) / "manifest.json").read_bytes()
    with pytest.raises(ExportError, match="never changed"):
        package.write(experiment, model, TRAINING, tmp_path, 1)
    assert (tmp_path / "iris-vae/1/manifest.json").read_bytes() == before
    assert versions.next_version(tmp_path, "iris-vae") == 2
    assert versions.next_version(tmp_path, "other") == 1


def test_package_holds_no_training_row(tmp_path: Path) -> None:
    experiment = iris("mixture")
    folder = package.write(experiment, finish(experiment), TRAINING, tmp_path, 1)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest) == {"format_version", "model", "version", "graph", "table", "conditions", "card", "provenance"}
    encoded = experiment.preprocessed.samples
    means = np.asarray(experiment.networks.encoder(encoded)[0])  # type: ignore[misc]  # a VAE has an encoder
    for tensor in onnx.load(folder / "model.onnx").graph.initializer:
        values = onnx.numpy_helper.to_array(tensor).astype(np.float64).ravel()
        for rows in (encoded, means):
            if values.size < rows.shape[1]:
                continue
            windows = np.lib.stride_tricks.sliding_window_view(values, rows.shape[1])
            distances = np.abs(windows[:, None] - rows[None]).max(axis=2)
            assert distances.min() > 1e-6, tensor.name


@pytest.mark.parametrize("form", [Form.JOINT, Form.APART])
def test_graph_that_was_made_faster_holds_against_keras(digits: FinishedModel, form: Form) -> None:
    folded = fold(convert(digits))
    layers = transposed_convolutions(folded.graph)
    assert len(layers) == 3
    graph = rewrite(folded, dict.fromkeys(layers, form))
    assert "ConvTranspose" not in {node.op_type for node in graph.graph.node}
    verify.verify(graph.SerializeToString(), digits)


def test_package_tells_what_was_made_faster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    experiment = iris("prior")
    monkeypatch.setattr(package, "optimise", lambda model, _feeds: (model, ["all of it"]))
    folder = package.write(experiment, finish(experiment), TRAINING, tmp_path, 1)
    manifest = json_format.Parse((folder / "manifest.json").read_text(), Manifest())
    assert list(manifest.provenance.optimisations) == ["all of it"]
