"""`make model-table`: writes the README's table of models from the manifests in exported/; `--check` only compares."""

import sys
from pathlib import Path

from google.protobuf import json_format
from scripts.local_server import ROOT

from synthserve._output.destinations import write_whole
from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import QualityFigure

README = ROOT / "README.md"
BEGIN, END = "<!-- model table: made by `make model-table` -->\n", "<!-- end of the model table -->\n"
HEAD = ("model", "generates", "conditions", "trained on", "quality")


def main() -> None:
    """Writes the table, or with `--check` exits with status 1 if it is outdated."""
    text = README.read_text(encoding="utf-8")
    try:
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
    except ValueError:
        sys.exit(f"README.md: {BEGIN.strip()!r} and {END.strip()!r} must each occur once, around the table")
    wanted = before + BEGIN + table(newest(ROOT / "exported")) + END + after
    if "--check" not in sys.argv[1:]:
        write_whole(README, wanted.encode())
    elif wanted != text:
        sys.exit("README.md: the table of models is outdated: run `make model-table`")


def newest(repository: Path) -> list[Manifest]:
    """The manifest of the newest version of each model, by name."""
    versions: dict[str, int] = {}
    for path in repository.glob("*/*/manifest.json"):
        model, version = path.parts[-3], int(path.parts[-2])
        versions[model] = max(version, versions.get(model, 0))
    paths = (repository / model / str(version) / "manifest.json" for model, version in sorted(versions.items()))
    return [json_format.Parse(path.read_bytes(), Manifest()) for path in paths]


def table(manifests: list[Manifest]) -> str:
    """Renders a Markdown table."""
    lines = [HEAD, ("---",) * len(HEAD), *(row(manifest) for manifest in manifests)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def row(manifest: Manifest) -> tuple[str, ...]:
    """The cells of one model."""
    return (
        f"`{manifest.model}`",
        manifest.card.summary,
        ", ".join(f"`{condition.column}`" for condition in manifest.conditions) or "–",
        manifest.card.training_data,
        "<br>".join(map(quality, manifest.figures)) or "not evaluated",
    )


def quality(figure: QualityFigure) -> str:
    """One measured value, with that of real data in parentheses if there is one."""
    beside = f" ({number(figure.reference)})" if figure.HasField("reference") else ""
    return f"{figure.metric} {number(figure.value)}{beside}"


def number(value: float) -> str:
    """A number with three decimals; large ones have one decimal, tiny ones two significant digits."""
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.3f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"


if __name__ == "__main__":
    main()
