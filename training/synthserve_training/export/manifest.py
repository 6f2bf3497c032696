"""The manifest of a package: its text, and the measured figures in it. Imports no TensorFlow."""

import json
from collections.abc import Iterable
from pathlib import Path

from google.protobuf import json_format

from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import METHOD_GENERATE, QualityFigure
from synthserve_core import text_files
from synthserve_core.contract import manifest as manifests
from synthserve_core.errors import ManifestError
from synthserve_core.packages.reading import MANIFEST
from synthserve_training import whole_files
from synthserve_training.errors import ExportError


def measured_manifest(folder: Path, graph_sha256: str) -> Manifest:
    """Reads the manifest of a package that was measured, in the format that the file has.

    Args:
        folder: The package's folder.
        graph_sha256: The digest of the graph that was measured.

    Raises:
        ExportError: The package's graph is not the one that was measured, or the manifest is damaged.
    """
    path = folder / MANIFEST
    data = path.read_bytes()
    try:
        of_format_2 = manifests.parse(data)
        manifest = json_format.Parse(text_files.decode(data), Manifest())
    except (ManifestError, text_files.TextFileError, json_format.ParseError) as error:
        raise ExportError(f"{path} is no manifest any more: {error}") from None
    digests = {method.sha256 for method in of_format_2.methods if method.method == METHOD_GENERATE}
    if digests != {graph_sha256}:
        raise ExportError(f"{folder} was replaced while it was measured: evaluate it again")
    return manifest


def record_figures(folder: Path, graph_sha256: str, figures: Iterable[QualityFigure]) -> None:
    """Writes measured quality into a package's manifest, in place of what was measured before.

    Nothing else changes, and a server that reads meanwhile finds the old manifest or the new one.

    Raises:
        ExportError: The package's graph is not the one that was measured.
    """
    path = folder / MANIFEST
    manifest = measured_manifest(folder, graph_sha256)
    del manifest.figures[:]
    manifest.figures.extend(figures)
    whole_files.write(path, to_json(manifest).encode())


def to_json(manifest: Manifest) -> str:
    """Renders a manifest as proto3 JSON with the field names of the proto file, the same each time."""
    fields = json_format.MessageToDict(manifest, preserving_proto_field_name=True)
    if packages := fields.get("provenance", {}).get("packages"):
        fields["provenance"]["packages"] = dict(sorted(packages.items()))  # a map has no order
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
