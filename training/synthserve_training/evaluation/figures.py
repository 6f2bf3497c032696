"""What an evaluation finds: figures in sections, and the report that holds them. Shared by tables and images.

An evaluation first computes measurements, then describes them: a `Metric` holds the words for a `Measurement`.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from synthserve.v1.schema_pb2 import QualityFigure

Better = Literal["higher", "lower", "closer"]
Cell = str | int | float | None


@dataclass(frozen=True)
class Figure:
    """A measured value beside the value that real data gets.

    Attributes:
        metric: What was measured, in snake_case, for example `tstr_accuracy`. Unique within a report.
        value: What the model gets. Finite.
        reference: What held-out real data gets under the same protocol; None: there is no such measurement.
        spread: Standard deviation of `value`, over repeats or by its interval; None: measured once.
        better: Whether a good value is high, low, or close to the reference.
        description: How it was measured, in one sentence.
        headline: Whether it belongs into the manifest, where clients see it.
    """

    metric: str
    value: float
    reference: float | None
    spread: float | None
    better: Better
    description: str
    headline: bool = False

    def __post_init__(self) -> None:
        """Checks the numbers.

        Raises:
            ValueError: A number is not finite.
        """
        for number in (self.value, self.reference, self.spread):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{self.metric} is {number}: a figure must be finite")


@dataclass(frozen=True)
class Measurement:
    """The numbers of a figure; see `Figure`."""

    value: float
    reference: float | None = None
    spread: float | None = None

    @classmethod
    def repeated(cls, values: Sequence[float], reference: float | None = None) -> "Measurement":
        """The mean of repeated measurements, and their standard deviation.

        Args:
            values: One for each repeat, at least one.
            reference: What held-out real data gets.
        """
        return cls(statistics.fmean(values), reference, statistics.stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True)
class Metric:
    """The words of a figure.

    Attributes:
        name: `Figure.metric`.
        better: As in `Figure`.
        description: As in `Figure`; names in braces are replaced by facts about the evaluation.
        headline: As in `Figure`.
    """

    name: str
    better: Better
    description: str
    headline: bool = False

    def figure(self, measured: Measurement, facts: Mapping[str, object]) -> Figure:
        """Describes a measurement.

        Args:
            measured: The numbers.
            facts: What the description mentions, by name; others are ignored.

        Raises:
            ValueError: A number is not finite.
        """
        return Figure(
            metric=self.name,
            value=measured.value,
            reference=measured.reference,
            spread=measured.spread,
            better=self.better,
            description=self.description.format_map(facts),
            headline=self.headline,
        )


def described(metrics: Iterable[Metric], measured: Mapping[str, Measurement], **facts: object) -> tuple[Figure, ...]:
    """Describes measurements, in the order of the metrics; metrics that were not measured are left out.

    Args:
        metrics: The words.
        measured: The numbers, by the name of the metric.
        facts: What the descriptions mention.

    Raises:
        ValueError: A number is not finite.
    """
    return tuple(metric.figure(measured[metric.name], facts) for metric in metrics if metric.name in measured)


@dataclass(frozen=True)
class Plot:
    """A picture of a report.

    Attributes:
        name: The file's name without its suffix; unique within a report.
        caption: What it shows, in one sentence; also its alternative text.
        png: The picture. Kept beside `report.json`, not in it.
        subject: What it is a picture of, where there is one for each of many, such as a column's name.
    """

    name: str
    caption: str
    png: Annotated[bytes, Field(exclude=True)] = b""
    subject: str = ""


@dataclass(frozen=True)
class Table:
    """Numbers side by side.

    Attributes:
        title: Its heading.
        columns: The names of the columns.
        rows: As many cells as there are columns; None is an empty cell.
        note: How to read it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One side of a model's quality, for example its privacy.

    Attributes:
        title: Its heading.
        summary: How it was measured.
        figures: The measured values.
        plots: Pictures.
        tables: Details.
    """

    title: str
    summary: str = ""
    figures: tuple[Figure, ...] = ()
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()


class Report(BaseModel):
    """The evaluation of one package; `report.json` is this model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    model: str
    version: int
    graph_sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="The graph that was measured")
    summary: str = Field(description="What the model generates")
    training_data: str
    training_data_license: str
    limits: tuple[str, ...] = ()
    privacy: tuple[str, ...] = ()
    seed: int = Field(ge=0, description="Seed of the splits, the samples and all other random choices")
    repeats: int = Field(ge=0, description="How often the model was trained anew, on parts of the real rows")
    seconds: float = Field(ge=0, description="Wall-clock time of the evaluation")
    hardware: str
    packages: dict[str, str] = Field(description="Versions of the packages that measured, by name")
    sections: tuple[Section, ...]

    def figures(self) -> list[Figure]:
        """All figures, in the order of the sections."""
        return [figure for section in self.sections for figure in section.figures]

    def headline(self) -> list[QualityFigure]:
        """The headline figures, as the manifest has them."""
        return [
            QualityFigure(
                metric=figure.metric,
                value=figure.value,
                reference=figure.reference,
                spread=figure.spread,
                description=figure.description,
            )
            for figure in self.figures()
            if figure.headline
        ]

    def lines(self) -> list[str]:
        """The headline figures for people, one a line: below each other, and which of two values is the better one."""
        told = [figure for figure in self.figures() if figure.headline]
        name = max((len(figure.metric) for figure in told), default=0)
        beside = ["" if each.reference is None else f"real data {each.reference:8.3f}" for each in told]
        return [
            f"{figure.metric:<{name}} {figure.value:8.3f}  {reference:<18}  {figure.better} is better"
            for figure, reference in zip(told, beside, strict=True)
        ]

    def to_json(self) -> str:
        """Renders `report.json`."""
        return self.model_dump_json(indent=2) + "\n"


def read(path: Path) -> Report:
    """Reads a `report.json`; its plots have no pictures.

    Raises:
        pydantic.ValidationError: The file is not a report.
    """
    return Report.model_validate_json(path.read_text(encoding="utf-8"))
