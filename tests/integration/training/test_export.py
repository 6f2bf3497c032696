"""Real training, real conversion, real onnxruntime; few epochs and small networks."""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from google.protobuf import json_format

import synthserve_core
from synthserve.v1.manifest_pb2 import NOISE_DISTRIBUTION_NORMAL, GraphInput, Manifest
from synthserve.v1.schema_pb2 import (
    COLUMN_TYPE_DOUBLE,
    METHOD_GENERATE,
    Column,
    ConditionSpec,
    ImageSchema,
    TableSchema,
)
from synthserve_core import Equals
from synthserve_core.contract.model import IMAGE, Key, Tensors
from synthserve_training import recipe as recipes
from synthserve_training.components import part
from synthserve_training.data.datasets import Images
from synthserve_training.data.preprocessing import image
from synthserve_training.errors import ExportError
from synthserve_training.export import package, verify, versions
from synthserve_training.export.graph import convert
from synthserve_training.export.scales import fold
from synthserve_training.export.transposed import Form, rewrite, transposed_convolutions
from synthserve_training.models import contract
from synthserve_training.models.networks import dcgan
from synthserve_training.models.pipeline import NOISE, LatentModel
from synthserve_training.models.samplers.prior import Prior
from synthserve_training.models.sampling import generate
from synthserve_training.train.experiment import Experiment, assemble
from synthserve_training.train.machine import hardware, package_versions
from synthserve_training.train.run_folder import Facts
from synthserve_training.types import Layout, Tensor

TRAINING = package.Training(0, 0.0, Facts(seed=1, hardware=hardware(), packages=package_versions()))
SAMPLERS = ["prior", "mixture"]


def iris(sampler: str) -> Experiment:
    section = {"kind": sampler} if sampler == "prior" else {"kind": sampler, "condition": "species"}
    recipe = dataclasses.replace(recipes.parse(recipes.read("iris-vae")), sampler=part("samplers", section))
    return assemble(recipe, seed=1)


def write(experiment: Experiment, repository: Path) -> Path:
    return package.write(experiment.recipe, experiment.generative(), TRAINING, repository, 1)


@dataclasses.dataclass(frozen=True)
class Exported:
    """An untrained model and its package; tests must not change them."""

    experiment: Experiment
    repository: Path
    folder: Path

    @property
    def graph(self) -> bytes:
        return (self.folder / "generate.onnx").read_bytes()

    @property
    def manifest(self) -> str:
        return (self.folder / "manifest.json").read_text()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    """Exports Iris with a sampler, each once."""

    @functools.cache
    def export(sampler: str) -> Exported:
        experiment, repository = iris(sampler), tmp_path_factory.mktemp(sampler)
        return Exported(experiment, repository, write(experiment, repository))

    return export


@pytest.fixture(scope="module")
def mixture(exported: Callable[[str], Exported]) -> Exported:
    """Iris with the sampler of its recipe."""
    return exported("mixture")


@pytest.fixture(scope="module")
def digits() -> LatentModel:
    pixels = np.zeros((4, 28, 28, 1), np.uint8)
    prepared = image.fit(image.Options(), Images(pixels, np.zeros(4, np.int64)))
    options = dcgan.Options(generator_filters=(16, 8, 8), discriminator_filters=(4, 4))
    networks = dcgan.build(options, Layout((28, 28, 1)))
    return LatentModel(Prior(networks.latent_size), networks.generator, prepared.decoder)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_package_holds_a_verified_graph_and_a_manifest_that_describes_it(
    sampler: str, exported: Callable[[str], Exported]
) -> None:
    folder = exported(sampler).folder
    assert folder == exported(sampler).repository / "iris-vae/1"
    assert sorted(p.name for p in folder.iterdir()) == ["generate.onnx", "manifest.json"]
    manifest = json_format.Parse(exported(sampler).manifest, Manifest())
    assert manifest.format_version == 2
    (method,) = manifest.methods
    assert method.method == METHOD_GENERATE
    assert method.sha256 == hashlib.sha256((folder / method.file).read_bytes()).hexdigest()

    session = onnxruntime.InferenceSession(folder / method.file, providers=["CPUExecutionProvider"])
    (noise,) = (given.noise for given in method.inputs if given.HasField("noise"))
    assert noise.distribution == NOISE_DISTRIBUTION_NORMAL
    wanted = {"noise": ("tensor(float)", ["batch", *noise.shape])}
    wanted |= {f"condition:{c.column}": ("tensor(int64)", ["batch"]) for c in manifest.conditions}
    assert {i.name: (i.type, i.shape) for i in session.get_inputs()} == wanted
    assert [c.column for c in manifest.conditions] == ([] if sampler == "prior" else ["species"])
    assert [output.column for output in method.outputs] == [column.name for column in manifest.table.columns]
    assert [o.name for o in session.get_outputs()] == [output.name for output in method.outputs]
    assert {tuple(o.shape) for o in session.get_outputs()} == {("batch",)}
    assert {o.name: o.type for o in session.get_outputs()}["column:species"] == "tensor(int32)"


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_package_generates_what_the_trained_model_generates(sampler: str, exported: Callable[[str], Exported]) -> None:
    expected = generate(exported(sampler).experiment.generative(), seed=7, count=100, batch_size=64)
    loaded = synthserve_core.load(exported(sampler).folder)
    actual = loaded.samples(seed=7, count=100)
    for column in ("sepal_length", "sepal_width", "petal_length", "petal_width"):
        # A value within float error of the middle between two decimals can be rounded to either.
        np.testing.assert_allclose(actual[column], expected[column], atol=0.1001)
    assert (actual["species"] == expected["species"]).mean() > 0.97


def test_card_says_what_the_sampler_carries_of_the_training_data(mixture: Exported) -> None:
    privacy = json.loads(mixture.manifest)["card"]["privacy"]
    carried = "The graph carries means and covariances of groups of encoded training samples, no single sample."
    assert privacy[-1] == carried


def test_graph_has_no_random_node(mixture: Exported) -> None:
    graph = onnx.load_from_string(mixture.graph).graph
    assert not [node.op_type for node in graph.node if "Random" in node.op_type or node.op_type == "Multinomial"]


def test_condition_fixes_the_column_and_absence_draws_all_classes(mixture: Exported) -> None:
    model = synthserve_core.load(mixture.folder)
    for code, species in enumerate(("setosa", "versicolor", "virginica")):
        given = model.samples(seed=0, count=3000, where={"species": Equals(species)})
        assert set(given["species"].tolist()) == {code}
    assert set(model.samples(seed=0, count=3000)["species"].tolist()) == {0, 1, 2}


def test_images_are_finished_pixels(digits: LatentModel) -> None:
    graph = convert(digits)
    verify.verify(graph.SerializeToString(), digits)
    (output,) = graph.graph.output
    assert output.name == "image"
    assert output.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    shape = [d.dim_param or d.dim_value for d in output.type.tensor_type.shape.dim]
    assert shape == ["batch", 28, 28, 1]


def test_export_refuses_a_graph_that_differs_from_the_network(digits: LatentModel) -> None:
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


@dataclasses.dataclass(frozen=True)
class Changed:
    """A model, one of whose outputs was changed after its export."""

    model: LatentModel
    changed: Key
    change: Callable[[np.ndarray], np.ndarray]
    schema: TableSchema | ImageSchema = dataclasses.field(init=False)
    conditions: tuple[ConditionSpec, ...] = dataclasses.field(init=False)
    inputs: tuple[GraphInput, ...] = dataclasses.field(init=False)
    privacy: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("schema", "conditions", "inputs"):
            object.__setattr__(self, name, getattr(self.model, name))

    def __call__(self, inputs: Mapping[str, Tensor]) -> dict[Key, Tensor]:
        values = self.model(inputs)
        return {**values, self.changed: self.change(np.asarray(values[self.changed]))}


@pytest.mark.parametrize(
    "change",
    [lambda pixels: pixels.astype(np.float32), lambda pixels: pixels[:, 1:]],
    ids=["dtype", "shape"],
)
def test_output_of_another_type_or_shape_is_refused(
    digits: LatentModel, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    graph = convert(digits).SerializeToString()
    with pytest.raises(ExportError, match="as the manifest says"):
        verify.verify(graph, Changed(digits, IMAGE, change))


def test_graph_of_another_model_is_refused(digits: LatentModel, mixture: Exported) -> None:
    with pytest.raises(ExportError, match="the graph has no input 'condition:species'"):
        verify.verify(convert(digits).SerializeToString(), mixture.experiment.generative())


def test_difference_is_forgiven_on_the_edge_of_a_step_and_only_there(mixture: Exported) -> None:
    model = mixture.experiment.generative()
    described = contract.describe(model, 1)
    noise = np.random.default_rng(0).standard_normal((400_000, model.noise_size), np.float32)
    spread = slice(model.noise_size - 4, None)  # what each of the four numbers varies by on its own
    noise[:, spread] *= 1e-3  # a part of such noise is less than float error
    shifted = noise.copy()
    shifted[:, spread] += 4e-6
    unset = {"condition:species": np.full(len(noise), -1, np.int64)}
    before, after = (verify.compute(model, described, {NOISE: given, **unset}) for given in (noise, shifted))
    (edge,) = np.nonzero(np.any([before[key] != after[key] for key in before], axis=0))
    assert edge.size
    fed: Tensors = {NOISE: noise[edge], "condition:species": np.full(len(edge), -1, np.int64)}
    other_side = {key: values[edge] for key, values in after.items()}
    assert verify.is_on_a_step(model, described, fed, other_side)
    beyond = {**other_side, "sepal_length": other_side["sepal_length"] + 0.2}
    assert not verify.is_on_a_step(model, described, fed, beyond)


def test_graph_that_is_wrong_for_one_category_is_refused(mixture: Exported) -> None:
    model = mixture.experiment.generative()
    means = model.sampler.means.copy()  # type: ignore[attr-defined]  # the recipe's sampler is a mixture
    means[model.sampler.classes == 2] += 3.0  # type: ignore[attr-defined]  # the recipe's sampler is a mixture
    sampler = dataclasses.replace(model.sampler, means=means)  # type: ignore[type-var]  # the recipe's sampler is a mixture
    with pytest.raises(ExportError, match="differs between onnxruntime and Keras"):
        verify.verify(mixture.graph, dataclasses.replace(model, sampler=sampler))


def test_column_with_more_decimals_than_it_tells_is_refused() -> None:
    schema = TableSchema(columns=[Column(name="x", type=COLUMN_TYPE_DOUBLE, decimals=1)])
    verify.check_decimals(schema, {"x": np.array([2.8, 0.3])})
    with pytest.raises(ExportError, match=r"'x' has .*2\.8000000000000003"):
        verify.check_decimals(schema, {"x": np.array([0.3, 28 * 0.1])})


def test_version_once_written_is_never_changed(mixture: Exported) -> None:
    before = mixture.manifest
    with pytest.raises(ExportError, match="never changed"):
        write(mixture.experiment, mixture.repository)
    assert mixture.manifest == before
    assert versions.next_version(mixture.repository, "iris-vae") == 2
    assert versions.next_version(mixture.repository, "other") == 1


def test_package_holds_no_training_row(mixture: Exported) -> None:
    manifest = json.loads(mixture.manifest)
    assert set(manifest) == {
        *("format_version", "model", "version", "table", "conditions", "methods", "card", "provenance")
    }
    encoded = mixture.experiment.preprocessed.samples[:]
    means = np.asarray(mixture.experiment.networks.encoder(encoded)[0])  # type: ignore[misc]  # a VAE has an encoder
    for tensor in onnx.load_from_string(mixture.graph).graph.initializer:
        values = onnx.numpy_helper.to_array(tensor).astype(np.float64).ravel()
        for rows in (encoded, means):
            if values.size < rows.shape[1]:
                continue
            windows = np.lib.stride_tricks.sliding_window_view(values, rows.shape[1])
            distances = np.abs(windows[:, None] - rows[None]).max(axis=2)
            assert distances.min() > 1e-6, tensor.name


@pytest.mark.parametrize("form", [Form.JOINT, Form.APART])
def test_graph_that_was_made_faster_holds_against_keras(digits: LatentModel, form: Form) -> None:
    folded = fold(convert(digits))
    layers = transposed_convolutions(folded.graph)
    assert len(layers) == 3
    graph = rewrite(folded, dict.fromkeys(layers, form))
    assert "ConvTranspose" not in {node.op_type for node in graph.graph.node}
    verify.verify(graph.SerializeToString(), digits)


def test_package_tells_what_was_made_faster(
    exported: Callable[[str], Exported], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(package, "optimise", lambda model, _feeds: (model, ["all of it"]))
    folder = write(exported("prior").experiment, tmp_path)
    manifest = json_format.Parse((folder / "manifest.json").read_text(), Manifest())
    assert list(manifest.provenance.optimisations) == ["all of it"]
