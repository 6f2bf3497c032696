"""Writes a model package: `{model}/{version}/generate.onnx` and `manifest.json`."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from synthserve.v1.manifest_pb2 import Manifest, Provenance
from synthserve.v1.schema_pb2 import ModelCard
from synthserve_core.compute.feeds import feeds
from synthserve_core.packages.reading import MANIFEST
from synthserve_training.errors import ExportError
from synthserve_training.export import versions
from synthserve_training.export.manifest import to_json
from synthserve_training.export.optimise import optimise
from synthserve_training.export.packets import packet
from synthserve_training.models import contract
from synthserve_training.models.contract import GRAPH_FILE
from synthserve_training.models.generative import Generative
from synthserve_training.recipe import Card, Recipe
from synthserve_training.train.machine import package_versions
from synthserve_training.train.run_folder import Facts
from synthserve_training.train.training import Trained
from synthserve_training.whole_files import errors_naming


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


def export(trained: Trained, repository: Path, version: int | None = None) -> Path:
    """Exports what was trained.

    Args:
        trained: The trained recipe.
        repository: The folder of all models.
        version: At least 1; None: the next free one.

    Returns:
        The package's folder.

    Raises:
        RecipeError: The sampler or a head does not fit the trained networks.
        ExportError: See `write`.
    """
    recipe, folder = trained.experiment.recipe, trained.folder
    history = Training(trained.epochs, folder.training_seconds(trained.epochs), folder.facts())
    chosen = version or versions.next_version(repository, recipe.model)
    return write(recipe, trained.experiment.generative(), history, repository, chosen)


def write(recipe: Recipe, model: Generative, training: Training, repository: Path, version: int) -> Path:
    """Converts, verifies and writes a model.

    Args:
        recipe: What was trained.
        model: The trained model.
        training: How it was trained.
        repository: The folder of all models.
        version: At least 1. A version once written is never changed.

    Returns:
        The package's folder.

    Raises:
        ExportError: The version exists, or the graph does not compute what the Keras model computes.
    """
    # They import Keras and TensorFlow, which packages of tables are written without.
    from synthserve_training.export.graph import convert
    from synthserve_training.export.verify import verify

    target = new_folder(repository, recipe.model, version)
    size = recipe.export.batch_size
    probe = feeds(contract.describe(model, size).generate, 0, 0, size, {}, {}, 0)
    optimised, optimisations = optimise(convert(model), probe)
    graph, multiple = optimised.SerializeToString(), packet(optimised, probe)
    verify(graph, model, packet=multiple)

    method = contract.generate(model, batch_size=size, packet=multiple, sha256=hashlib.sha256(graph).hexdigest())
    manifest = contract.manifest(model, [method], model=recipe.model, version=version)
    manifest.card.CopyFrom(model_card(recipe.card, model.privacy))
    manifest.provenance.CopyFrom(provenance(recipe.text, training, optimisations))
    put(target, {GRAPH_FILE: graph}, manifest)
    return target


def new_folder(repository: Path, model: str, version: int) -> Path:
    """The folder of a version that is not written yet.

    Raises:
        ExportError: The version exists.
    """
    target = repository / model / str(version)
    if target.exists():
        raise ExportError(f"{target} exists and a version is never changed: give another --version, or delete it")
    return target


def put(target: Path, graphs: Mapping[str, bytes], manifest: Manifest) -> None:
    """Writes the files of a package, all at once.

    Args:
        target: Its folder.
        graphs: The graphs, by the name of the file.
        manifest: The manifest.

    Raises:
        ExportError: Another process has written the folder meanwhile.
        OSError: It cannot be written, and is not there; the error names it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        package = Path(folder) / "package"
        with errors_naming(target, package):
            package.mkdir()
            for name, graph in graphs.items():
                (package / name).write_bytes(graph)
            (package / MANIFEST).write_text(to_json(manifest), encoding="utf-8")
        try:
            package.rename(target)  # at once: a server that is watching never sees half a package
        except OSError as error:
            if not target.exists():
                raise
            raise ExportError(f"{target} was written by another process meanwhile: export again") from error


def _exporters() -> dict[str, str]:
    """The versions of what writes the graph and tries it out; the run may have been trained on another machine."""
    ours = ("onnx", "onnxruntime", "onnxruntime-gpu", "tensorflow", "tf2onnx")
    return {name: version for name, version in package_versions().items() if name in ours}


def model_card(written: Card, privacy: Sequence[str]) -> ModelCard:
    """The card of a recipe, with what is known of the model's privacy."""
    card = ModelCard(**written.model_dump())
    card.privacy.extend(privacy)
    return card


def provenance(recipe: str, training: Training, optimisations: Sequence[str] = ()) -> Provenance:
    """How a package was made.

    Args:
        recipe: The text of the recipe.
        training: How it was trained.
        optimisations: What was changed in its graph, in words.
    """
    made = Provenance(
        recipe=recipe,
        seed=training.facts.seed,
        epochs=training.epochs,
        packages=training.facts.packages | _exporters(),
        hardware=training.facts.hardware,
        training_seconds=training.seconds,
        optimisations=optimisations,
    )
    made.exported_at.FromDatetime(datetime.now(UTC).replace(microsecond=0))
    return made
