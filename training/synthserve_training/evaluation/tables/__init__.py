"""The evaluation of packages that generate tables: fidelity, detection, utility and privacy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation.figures import Plot, Section
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables import detection, fidelity, plots, privacy, utility
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.splits import Split, Trainer, split_and_train

_ROWS = 10_000
_HALF, _REST = 0.5, 0.3

_TRAINING = (
    "The {splits} trainings on halves, {epochs:,} epochs each: the median, and the range of the middle 90 % of them."
)


@dataclass(frozen=True)
class Tables:
    """The tables that an evaluation compares.

    Attributes:
        columns: Of all tables.
        rows: All real rows.
        exported: Rows of the exported graph.
        halves: Splits in half: the recipe trained on one half, the other held out.
        labelled: Splits for classifiers, with the target in proportion; none, where there is no target.
    """

    columns: Columns
    rows: pd.DataFrame
    exported: pd.DataFrame
    halves: Sequence[Split]
    labelled: Sequence[Split]


def evaluate(subject: Subject, trainer: Trainer) -> list[Section]:
    """Evaluates a table's package.

    Args:
        subject: The package.
        trainer: Gives the real rows, and trains the package's model anew on parts of them, `2 * repeats` times.

    Raises:
        EvaluationError: All columns are text.
        DatasetError: The real rows could not be loaded.
    """
    tables = prepare(subject, trainer)
    columns, rows, exported = tables.columns, tables.rows, tables.exported
    sections = [
        replace(fidelity.evaluate(tables.halves, exported, rows, columns), plots=_plots(tables)),
        detection.evaluate(tables.halves, columns),
    ]
    if tables.labelled:
        sections.append(utility.evaluate(tables.labelled, columns))
    sections.append(privacy.evaluate(tables.halves, exported, rows, columns))
    return [*sections, _training(tables.halves, subject.manifest.provenance.epochs)]


def prepare(subject: Subject, trainer: Trainer) -> Tables:
    """Loads real rows, samples the exported graph, and trains the model on parts of the rows; see `evaluate`."""
    columns = Columns.of(subject.manifest)
    if not columns.measured:
        raise EvaluationError(f"{subject.folder} generates columns of text only, which cannot be measured")
    loaded = trainer.rows()
    rows = columns.real(loaded)

    def splits(part: pd.DataFrame, held_out: float, what: str, *, stratified: bool) -> list[Split]:
        return list(
            split_and_train(
                trainer,
                part,
                columns,
                held_out=held_out,
                stratified=stratified,
                repeats=subject.repeats,
                seed=subject.seed,
                progress=lambda done, total: subject.progress(what, done, total),
            )
        )

    halves = splits(loaded, _HALF, "training on halves", stratified=False)
    labelled: list[Split] = []
    if columns.target is not None:
        known = loaded[rows[columns.target].notna().to_numpy()]
        labelled = splits(known, _REST, "training for utility", stratified=True)
    return Tables(columns, rows, columns.frame(subject.samples(_ROWS)), halves, labelled)


def _training(halves: Sequence[Split], epochs: int) -> Section:
    losses = plots.losses([split.losses for split in halves])
    return Section(
        title="Training",
        summary=_TRAINING.format(splits=len(halves), epochs=epochs),
        plots=(Plot("losses", "Losses and schedule by epoch.", losses),),
    )


def _plots(tables: Tables) -> tuple[Plot, ...]:
    rows, exported, numbers = tables.rows, tables.exported, tables.columns.numbers
    caption = f"Each column: {len(rows):,} real rows and {len(exported):,} of the exported graph."
    found = [Plot("columns", caption, plots.columns(rows, exported, tables.columns))]
    if len(numbers) > 1:
        found.append(Plot("correlations", "Pearson correlations.", plots.correlations(rows, exported, numbers)))
    return tuple(found)
