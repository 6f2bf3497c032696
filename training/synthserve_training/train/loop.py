"""The training loop: epochs over shuffled batches, with a log, samples and checkpoints.

Order and noise are drawn from (seed, epoch), not from a running generator: an epoch is the same whether the run was
interrupted before it or not.
"""

import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from synthserve_training.errors import RunError
from synthserve_training.train import checkpoint, plots
from synthserve_training.train.backends import NAME, Steps, Turn, accelerators, compile_steps
from synthserve_training.train.experiment import Experiment
from synthserve_training.train.machine import Machine
from synthserve_training.train.run_folder import RunFolder
from synthserve_training.train.samples import write_samples
from synthserve_training.types import Progress, no_progress

Measure = Callable[[int], Mapping[str, float]]
"""Epoch to named values for the log."""

_SECONDS_BETWEEN_PLOTS = 60  # an epoch of a table takes less time than a plot


def fit(
    experiment: Experiment,
    run: RunFolder,
    *,
    epochs: int,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
    measure: Measure = lambda _epoch: {},
    minutes: float | None = None,
) -> int:
    """Trains up to a number of epochs in all.

    Args:
        experiment: What to train; its networks are changed in place.
        run: Where losses, samples and checkpoints go.
        epochs: Epochs to have trained at the end.
        resume: Go on from the run's checkpoint instead of starting anew.
        overwrite: When starting anew, delete an earlier run in the folder.
        progress: Called after each batch with the number of batches that are done, the number in all epochs, and the
            mean losses of the epoch so far.
        measure: Called after each epoch.
        minutes: No epoch begins after so long, by the log of the run; None: all epochs.

    Returns:
        How many epochs have been trained: more than `epochs`, where the run that is resumed had more, and fewer, where
        the minutes are over.

    Raises:
        RunError: There is nothing to resume, the run was made with another recipe, an earlier run would be deleted,
            another process trains there, or a loss is no longer finite.
    """
    if resume:
        run.check_resumable(experiment.recipe, experiment.seed)
    else:
        run.check_free(overwrite=overwrite)
    with run.held():
        machine, variables = Machine(NAME, accelerators()), experiment.variables()
        if resume:
            first = checkpoint.restore(run.checkpoint, variables)
            run.resume(machine)
            log = [row for row in run.losses() if int(row["epoch"]) <= first]
        else:
            run.create(experiment.recipe.text, experiment.seed, machine, overwrite=overwrite)
            first, log = 0, []
        seconds = float("inf") if minutes is None else 60 * minutes
        return _train(experiment, variables, run, range(first + 1, epochs + 1), log, progress, measure, seconds)


def _train(
    experiment: Experiment,
    variables: checkpoint.Variables,
    run: RunFolder,
    epochs: range,
    log: list[dict[str, str]],
    progress: Progress,
    measure: Measure,
    most_seconds: float,
) -> int:
    """Trains epochs; `log` has the rows of those before. Returns how many have been trained in all."""
    training = experiment.recipe.training
    seconds = float(log[-1]["seconds"]) if log else 0.0
    drawn = time.monotonic()
    steps = compile_steps(experiment.objective.players, experiment.average)
    trained = epochs.start - 1
    while trained < epochs.stop - 1 and seconds < most_seconds:
        epoch = trained + 1
        started = time.monotonic()
        figures = _epoch(experiment, steps, epoch, epochs[-1], progress)
        seconds += time.monotonic() - started
        log.append({"epoch": str(epoch), **_digits(figures), "seconds": f"{seconds:.1f}"})

        trained = epoch
        last = epoch == epochs[-1] or seconds >= most_seconds
        if last or epoch % training.sample_every == 0:
            write_samples(experiment, epoch, run)
        if last or epoch % training.checkpoint_every == 0:
            # The log first: should this be interrupted, resuming drops the rows that the checkpoint does not hold.
            run.write_losses(log)
            checkpoint.save(run.checkpoint, epoch, variables)
        # After the checkpoint: it can take long, and what is trained must not be lost meanwhile.
        if measured := measure(epoch):
            log[-1] |= _digits(measured)
            run.write_losses(log)
        if last or (epoch % training.checkpoint_every == 0 and time.monotonic() - drawn > _SECONDS_BETWEEN_PLOTS):
            plots.write(run.losses_plot, log)
            drawn = time.monotonic()
    return trained


def _epoch(experiment: Experiment, steps: Steps, epoch: int, last: int, progress: Progress) -> dict[str, float]:
    """Trains one epoch.

    Returns:
        The mean of each loss, and the weights of the schedule.
    """
    schedule = {name: np.float32(value) for name, value in experiment.objective.schedule(epoch - 1).items()}
    batches = -(-len(experiment.preprocessed.samples) // experiment.recipe.training.batch_size)
    means: dict[str, float] = {}
    counts: dict[str, int] = {}
    for number, losses in enumerate(steps(_turns(experiment, epoch), schedule), start=1):
        for name, value in losses.items():
            counts[name] = counts.get(name, 0) + 1
            means[name] = means.get(name, 0.0) + (float(value) - means.get(name, 0.0)) / counts[name]
        progress(f"epoch {epoch}/{last}", (epoch - 1) * batches + number, last * batches, means)
    if not np.isfinite(list(means.values())).all():
        raise RunError(f"training diverged in epoch {epoch}: {means}. Lower the learning rate")
    return means | {name: float(value) for name, value in schedule.items()}


def _digits(values: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{value:.6g}" for name, value in values.items()}


def _turns(experiment: Experiment, epoch: int) -> Iterator[Turn]:
    samples, size = experiment.preprocessed.samples, experiment.recipe.training.batch_size
    generator = np.random.Generator(np.random.Philox(key=experiment.seed, counter=[0, 0, 0, epoch]))
    order, augment = generator.permutation(len(samples)), experiment.preprocessed.augment
    starts = range(0, len(samples), size)
    for number, start in enumerate(starts, start=1 + (epoch - 1) * len(starts)):
        batch = samples[order[start : start + size]]
        if augment:
            batch = augment(batch, generator)
        noise = {
            player.name: generator.standard_normal((len(batch), player.noise_size), np.float32)
            for player in experiment.objective.players
            if number % player.every == 0
        }
        yield batch, noise
