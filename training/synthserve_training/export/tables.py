"""Writes the package of a learnt table. Its graphs are built node by node, without TensorFlow."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from synthserve_core.compute.feeds import feeds
from synthserve_core.compute.sampler import keyed
from synthserve_core.contract.model import MethodKind
from synthserve_training.export.package import Training, model_card, new_folder, provenance, put
from synthserve_training.export.packets import packet
from synthserve_training.models import contract
from synthserve_training.models.autoregressive.drawing.graph import DrawingGraph
from synthserve_training.models.autoregressive.scoring.graph import ScoringGraph
from synthserve_training.models.contract import GRAPH_FILE, SCORE_FILE
from synthserve_training.models.onnx_graph import evaluate
from synthserve_training.tables.recipe import TableRecipe

_PROBED = 256


def write(
    recipe: TableRecipe,
    text: str,
    drawing: DrawingGraph,
    training: Training,
    repository: Path,
    version: int,
    privacy: Sequence[str] = (),
    scoring: ScoringGraph | None = None,
) -> Path:
    """Writes a package.

    Args:
        recipe: The recipe.
        text: Its text, for provenance.
        drawing: The graph that draws rows.
        training: How the model was trained.
        repository: The folder of all models.
        version: At least 1. A version once written is never changed.
        privacy: For the model card: what the model carries of the data, one sentence each.
        scoring: The graph that scores rows; None: nothing is learnt that could be scored.

    Returns:
        The package's folder.

    Raises:
        ExportError: The version exists.
    """
    target = new_folder(repository, recipe.model, version)
    size = recipe.export.batch_size
    described = contract.describe(drawing, size, scoring=scoring)
    probe = feeds(described.generate, 0, 0, _PROBED, {}, {}, 0)
    graphs = {GRAPH_FILE: drawing.model.SerializeToString()}
    multiple = packet(drawing.model, probe)
    methods = [contract.generate(drawing, batch_size=size, packet=multiple, sha256=_digest(graphs[GRAPH_FILE]))]
    if scoring is not None:
        rows = keyed(described.generate, evaluate(drawing.model, probe))
        multiple = packet(scoring.model, feeds(described.methods[MethodKind.SCORE], 0, 0, _PROBED, {}, rows, 0))
        graphs[SCORE_FILE] = scoring.model.SerializeToString()
        methods.append(contract.score(scoring, batch_size=size, packet=multiple, sha256=_digest(graphs[SCORE_FILE])))
    manifest = contract.manifest(drawing, methods, model=recipe.model, version=version)
    manifest.card.CopyFrom(model_card(recipe.card, privacy))
    manifest.provenance.CopyFrom(provenance(text, training))
    put(target, graphs, manifest)
    return target


def _digest(graph: bytes) -> str:
    return hashlib.sha256(graph).hexdigest()
