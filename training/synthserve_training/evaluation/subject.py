"""What is evaluated: a model package, run by onnxruntime as a server would run it, and the recipe that made it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from google.protobuf import json_format
from numpy.typing import NDArray

from synthserve.v1.manifest_pb2 import Manifest
from synthserve_training import recipe as recipes
from synthserve_training import text_files
from synthserve_training.errors import EvaluationError
from synthserve_training.recipe import Recipe

Values = dict[str, NDArray[np.generic]]

# What an evaluation is doing, how much of it is done, and how much there is
Progress = Callable[[str, int, int], None]


def _no_progress(_what: str, _done: int, _total: int) -> None:
    pass


@dataclass(frozen=True)
class Subject:
    """A package under evaluation. `evaluation.tables` and `evaluation.images` both take one.

    Attributes:
        folder: The package's folder.
        manifest: Its manifest.
        graph: Its graph, serialised ONNX.
        seed: Of everything that the evaluation draws.
        data_dir: Where datasets lie; see `Files.locate`.
        repeats: How often what is random is repeated, for means and spreads.
        progress: Told of the steps of what takes long.
    """

    folder: Path
    manifest: Manifest
    graph: bytes
    seed: int
    data_dir: Path | None = None
    repeats: int = 20
    progress: Progress = _no_progress

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        seed: int,
        data_dir: Path | None = None,
        repeats: int = 20,
        progress: Progress = _no_progress,
    ) -> "Subject":
        """Reads a package.

        Raises:
            EvaluationError: The folder holds no package, or its graph is not the one that its manifest names.
        """
        try:
            manifest = json_format.Parse(text_files.read(folder / "manifest.json"), Manifest())
            graph = (folder / manifest.graph.file).read_bytes()
        except text_files.TextFileError as error:
            raise EvaluationError(f"{folder / 'manifest.json'} {error}") from None
        except (OSError, json_format.ParseError) as error:
            raise EvaluationError(f"{folder} holds no model package: {error}") from None
        if hashlib.sha256(graph).hexdigest() != manifest.graph.sha256:
            raise EvaluationError(f"{folder / manifest.graph.file} is not the graph that the manifest names")
        return cls(folder, manifest, graph, seed, data_dir, repeats, progress)

    @property
    def text(self) -> str:
        """The recipe that the package was made with, TOML: not the one that is shipped today."""
        return self.manifest.provenance.recipe

    @property
    def recipe(self) -> Recipe:
        """The recipe that the package was made with.

        Raises:
            RecipeError: It is not a recipe of this version of the trainer.
        """
        return recipes.parse(self.text)

    def generate(self, count: int, *, seed: int, conditions: Mapping[str, int] | None = None) -> Iterator[Values]:
        """Generates samples with the exported graph, batch by batch: memory does not grow with `count`.

        Args:
            count: Samples in all.
            seed: Of the noise. Sample `i` is the same for any larger `count`.
            conditions: Category codes that are asked for, by column.

        Yields:
            Finished values by output name; all batches but the last are of the package's batch size.
        """
        session = self._session()
        names = [output.name for output in session.get_outputs()]
        generator = np.random.Generator(np.random.Philox(key=seed))
        size = self.manifest.graph.batch_size
        for start in range(0, count, size):
            rows = min(size, count - start)
            feeds: Values = {"latent": generator.standard_normal((rows, *self.manifest.graph.latent_shape), np.float32)}
            for spec in self.manifest.conditions:
                code = (conditions or {}).get(spec.column, -1)
                feeds[f"condition:{spec.column}"] = np.full(rows, code, np.int64)
            yield dict(zip(names, session.run(names, feeds), strict=True))

    def _session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # more would change the values from one machine to the next
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(self.graph, options, providers=["CPUExecutionProvider"])
