"""Sample files of a training run: what the model generates after an epoch, from the same noise each time."""

from synthserve.v1.schema_pb2 import ImageSchema
from synthserve_core.contract.model import IMAGE
from synthserve_training import whole_files
from synthserve_training.data.image_grid import grid
from synthserve_training.models.sampling import generate
from synthserve_training.train.experiment import Experiment
from synthserve_training.train.run_folder import RunFolder

_GRID_SIDE = 8
_SEED = 0x5A3C


def write_samples(experiment: Experiment, epoch: int, run: RunFolder) -> None:
    """Writes the samples of an image model; for a table model it writes nothing.

    Args:
        experiment: What is trained.
        epoch: How many epochs it was trained.
        run: The folder that the file is written to.
    """
    if not isinstance(experiment.preprocessed.decoder.schema, ImageSchema):
        return
    count = _GRID_SIDE**2
    images = generate(experiment.generative(), seed=_SEED, count=count, batch_size=count)[IMAGE]
    with whole_files.replacing(run.samples / f"epoch-{epoch:04d}.png") as stream:
        grid(images, _GRID_SIDE).save(stream, format="png")
