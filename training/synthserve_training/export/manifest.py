"""The manifest of a package, as text and when it is told how good the package is; without TensorFlow."""

import json
from collections.abc import Iterable
from pathlib import Path

from google.protobuf import json_format

from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import QualityFigure
from synthserve_training import text_files, whole_files
from synthserve_training.errors import ExportError

MANIFEST_FILE = "manifest.json"


def measured_manifest(folder: Path, graph_sha256: str) -> Manifest:
    """Reads the manifest of a package that was measured.

    Raises:
        ExportError: The package's graph is not the one that was measured, or the manifest is damaged.
    """
    try:
        manifest = json_format.Parse(text_files.read(folder / MANIFEST_FILE), Manifest())
    except (text_files.TextFileError, json_format.ParseError) as error:
        raise ExportError(f"{folder / MANIFEST_FILE} is no manifest any more: {error}") from None
    if manifest.graph.sha256 != graph_sha256:
        raise ExportError(f"{folder} was replaced while it was measured: evaluate it again")
    return manifest


def record_figures(folder: Path, graph_sha256: str, figures: Iterable[QualityFigure]) -> None:
    """Writes measured quality into a package's manifest, in place of what was measured before.

    Nothing else changes, and a server that reads meanwhile finds the old manifest or the new one.

    Raises:
        ExportError: The package's graph is not the one that was measured.
    """
    path = folder / MANIFEST_FILE
    manifest = measured_manifest(folder, graph_sha256)
    del manifest.figures[:]
    manifest.figures.extend(figures)
    whole_files.write(path, to_json(manifest).encode())


def to_json(manifest: Manifest) -> str:
    """Renders a manifest as proto3 JSON with the field names of the proto file, the same each time."""
    fields = json_format.MessageToDict(manifest, preserving_proto_field_name=True)
    if packages := fields.get("provenance", {}).get("packages"):
        fields["provenance"]["packages"] = dict(sorted(packages.items()))  # a map comes in any order
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
