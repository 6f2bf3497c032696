"""What is evaluated: a model package, the samples that a server sends of it, and the recipe that made it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from synthserve.v1.manifest_pb2 import Manifest
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.ranges import cut
from synthserve_core.contract.conditions import Test
from synthserve_core.contract.model import Arrays
from synthserve_core.errors import CoreError
from synthserve_core.local import LocalModel
from synthserve_core.packages.reading import LoadedPackage, load_package
from synthserve_training import recipe as recipes
from synthserve_training.errors import EvaluationError
from synthserve_training.recipe import Recipe
from synthserve_training.types import Progress, no_progress


@dataclass(frozen=True)
class Subject:
    """A package under evaluation. `evaluation.tables` and `evaluation.images` both take one.

    Attributes:
        folder: The package's folder.
        package: The package, ready to run.
        seed: Of the samples, and of all else that the evaluation draws.
        data_dir: Where datasets lie; see `Files.locate`.
        data: The address of a user's table or pictures; None: where the recipe says that they are.
        retrain: How often the model is trained anew, on parts of the real rows; tables only.
        progress: Is told how far long steps have come.
    """

    folder: Path
    package: LoadedPackage
    seed: int
    data_dir: Path | None = None
    data: str | None = None
    retrain: int = 0
    progress: Progress = no_progress

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        seed: int,
        data_dir: Path | None = None,
        data: str | None = None,
        retrain: int = 0,
        progress: Progress = no_progress,
    ) -> "Subject":
        """Loads a package, to run on the CPU.

        Args:
            folder: `{model}/{version}/`.
            seed: See `Subject`, as for the other arguments.
            data_dir: See `Subject`.
            data: See `Subject`.
            retrain: See `Subject`.
            progress: See `Subject`.

        Raises:
            EvaluationError: The folder holds no package that a server would load.
        """
        try:
            package = load_package(folder, CPU)
        except (CoreError, OSError) as error:
            raise EvaluationError(f"{folder} holds no model package: {error}") from None
        return cls(folder, package, seed, data_dir, data, retrain, progress)

    @property
    def manifest(self) -> Manifest:
        """The package's manifest, of format 2."""
        return self.package.manifest

    @property
    def text(self) -> str:
        """The recipe that the package was made with, TOML. The recipe that is shipped today may differ."""
        return self.manifest.provenance.recipe

    @property
    def recipe(self) -> Recipe:
        """The recipe that the package was made with.

        Raises:
            RecipeError: It is not a recipe of this version of the trainer.
        """
        return recipes.parse(self.text)

    def samples(self, count: int, *, start: int = 0, where: Mapping[str, Test] | None = None) -> Iterator[Arrays]:
        """The samples that a server sends for the same seed and conditions, byte for byte.

        They are computed in batches, so memory does not grow with `count`.

        Args:
            count: Samples in all.
            start: The index of the first one.
            where: Conditions, by name.

        Yields:
            Arrays by key; all batches but the first and the last are of the package's batch size.

        Raises:
            ConditionError: The model does not take a condition.
            GraphError: The graph failed.
        """
        model = LocalModel(self.package)
        size = model.model.batch_size
        for first, some in cut(start, start + count, size, size):
            yield model.samples(seed=self.seed, count=some, start=first, where=where)
