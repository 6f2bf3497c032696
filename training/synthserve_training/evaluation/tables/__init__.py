"""The evaluation of packages that generate tables: fidelity, detection, utility and privacy."""

from synthserve_training.evaluation.figures import Plot, Section
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables import detection, fidelity, plots, privacy, utility
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.splits import Split, split_and_retrain
from synthserve_training.experiment import load

_ROWS = 10_000
_HALF, _REST = 0.5, 0.3


def evaluate(subject: Subject) -> list[Section]:
    """Evaluates a table's package.

    Args:
        subject: The package. Its recipe is trained anew `2 * repeats` times, as long as the package was, on parts of
            the real rows.

    Raises:
        DatasetError: The real rows could not be loaded.
        RecipeError: The recipe is not one of this version of the trainer.
    """
    columns = Columns.of(subject.manifest)
    rows = load(subject.recipe, subject.data_dir).data.astype(dict.fromkeys(columns.categories, "string"))
    epochs = subject.manifest.provenance.epochs
    exported = columns.frame(subject.generate(_ROWS, seed=subject.seed))

    def splits(held_out: float, what: str, *, stratified: bool) -> list[Split]:
        return list(
            split_and_retrain(
                subject.text,
                rows,
                columns,
                epochs=epochs,
                held_out=held_out,
                stratified=stratified,
                repeats=subject.repeats,
                seed=subject.seed,
                progress=lambda done, total: subject.progress(what, done, total),
            )
        )

    halves = splits(_HALF, "training on halves", stratified=False)
    sections = [fidelity.evaluate(halves, exported, rows, columns), detection.evaluate(halves, columns)]
    if columns.target is not None:
        sections.append(utility.evaluate(splits(_REST, "training for utility", stratified=True), columns))
    sections.append(privacy.evaluate(halves, exported, rows, columns))
    pictures = [
        Plot(
            "columns",
            f"Each column: {len(rows)} real rows and {len(exported):,} of the exported graph.",
            plots.columns(rows, exported, columns),
        )
    ]
    if len(columns.numbers) > 1:
        pictures.append(
            Plot("correlations", "Pearson correlations.", plots.correlations(rows, exported, columns.numbers))
        )
    training = Section(
        title="Training",
        summary=(
            f"The {len(halves)} trainings on halves, {epochs:,} epochs each: median, and the range of the middle 90 % "
            "of them."
        ),
        plots=(Plot("losses", "Losses and schedule by epoch.", plots.losses([split.losses for split in halves])),),
    )
    first = sections[0]
    return [
        Section(first.title, first.summary, first.figures, tuple(pictures), first.tables),
        *sections[1:],
        training,
    ]
