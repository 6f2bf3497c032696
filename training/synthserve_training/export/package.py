"""Writes a model package: `{model}/{version}/model.onnx` and `manifest.json`."""

import hashlib
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from synthserve.v1.manifest_pb2 import Graph, Manifest, Provenance
from synthserve.v1.schema_pb2 import ConditionSpec, ImageSchema, ModelCard, QualityFigure
from synthserve_training.errors import ExportError
from synthserve_training.experiment import Experiment
from synthserve_training.export.graph import condition_input, convert
from synthserve_training.export.manifest import MANIFEST_FILE, to_json
from synthserve_training.export.optimise import optimise, probe
from synthserve_training.export.packets import packet
from synthserve_training.export.verify import verify
from synthserve_training.finished import FinishedModel
from synthserve_training.recipe import Recipe
from synthserve_training.run_folder import Facts, package_versions

FORMAT_VERSION = 1
GRAPH_FILE = "model.onnx"


@dataclass(frozen=True)
class Training:
    """How a model was trained.

    Attributes:
        epochs: Epochs in all.
        seconds: Wall-clock time of them.
        facts: What the run folder recorded.
    """

    epochs: int
    seconds: float
    facts: Facts


def write(
    experiment: Experiment,
    model: FinishedModel,
    training: Training,
    repository: Path,
    version: int,
    figures: tuple[QualityFigure, ...] = (),
) -> Path:
    """Converts, verifies and writes.

    Args:
        experiment: What was trained.
        model: Its finished model.
        training: How it was trained.
        repository: The folder of all models.
        version: At least 1. A version once written is never changed.
        figures: Measured quality.

    Returns:
        The package's folder.

    Raises:
        ExportError: The version exists, or the graph does not compute what the Keras model computes.
    """
    recipe = experiment.recipe
    target = repository / recipe.model / str(version)
    if target.exists():
        raise ExportError(f"{target} exists and a version is never changed: give another --version, or delete it")
    conditions = tuple(condition_input(column) for column in model.conditions)
    feeds = probe(model.noise_size, conditions, recipe.export.batch_size)
    optimised, optimisations = optimise(convert(model), feeds)
    graph = optimised.SerializeToString()
    verify(graph, model)

    manifest = Manifest(
        format_version=FORMAT_VERSION,
        model=recipe.model,
        version=version,
        graph=Graph(
            file=GRAPH_FILE,
            sha256=hashlib.sha256(graph).hexdigest(),
            latent_shape=[model.noise_size],
            batch_size=recipe.export.batch_size,
            packet=packet(optimised, feeds),
        ),
        conditions=[ConditionSpec(column=c, categories=model.categories(c)) for c in model.conditions],
        card=_card(recipe, model),
        provenance=_provenance(experiment, training, optimisations),
        figures=figures,
    )
    schema = model.decoder.schema
    if isinstance(schema, ImageSchema):
        manifest.image.CopyFrom(schema)
    else:
        manifest.table.CopyFrom(schema)

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        package = Path(folder) / "package"
        package.mkdir()
        (package / GRAPH_FILE).write_bytes(graph)
        (package / MANIFEST_FILE).write_text(to_json(manifest), encoding="utf-8")
        try:
            package.rename(target)  # at once: a server that is watching never sees half a package
        except OSError as error:
            if not target.exists():
                raise
            raise ExportError(f"{target} was written by somebody else meanwhile: export again") from error
    return target


def _exporters() -> dict[str, str]:
    """The versions of what writes the graph and tries it out; those that trained can be of another machine."""
    ours = ("onnx", "onnxruntime", "onnxruntime-gpu", "tensorflow", "tf2onnx")
    return {name: version for name, version in package_versions().items() if name in ours}


def _card(recipe: Recipe, model: FinishedModel) -> ModelCard:
    card = ModelCard(**recipe.card.model_dump())
    if model.sampler.privacy:
        card.privacy.append(model.sampler.privacy)
    return card


def _provenance(experiment: Experiment, training: Training, optimisations: list[str]) -> Provenance:
    provenance = Provenance(
        recipe=experiment.text,
        seed=experiment.seed,
        epochs=training.epochs,
        packages=training.facts.packages | _exporters(),
        hardware=training.facts.hardware,
        training_seconds=training.seconds,
        optimisations=optimisations,
    )
    provenance.exported_at.FromDatetime(datetime.now(UTC).replace(microsecond=0))
    return provenance
