"""Generates samples of a package in this process, without a server: the same bytes that a server would send."""

import math
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU, Devices
from synthserve_core.compute.ranges import cut
from synthserve_core.compute.sampler import Draw, sample
from synthserve_core.compute.thread_map import thread_map
from synthserve_core.contract.conditions import Test
from synthserve_core.contract.model import IMAGE, Arrays, Image, Key, Model, Table, tensors_of
from synthserve_core.contract.names import VERSION
from synthserve_core.encoding import images
from synthserve_core.encoding.arrow_rows import ArrowEncoder
from synthserve_core.generation import GenerationSpec
from synthserve_core.packages.reading import MANIFEST, LoadedPackage, PackageLimits, load_package
from synthserve_core.system.cores import available_cores

_MOST_VALUES = 1 << 18
"""The most values of a frame, which one thread computes at once; a text counts as its bytes."""

_FEWEST_VALUES = 1 << 14
"""The fewest values for which a second thread is worth its start."""

Frame: TypeAlias = tuple[int, int]
"""The index of the first sample, and how many samples."""

Result = TypeVar("Result")


class LocalModel:
    """A package that was loaded into this process.

    Example:
        >>> import synthserve_core
        >>> table = synthserve_core.load("exported/iris-vae/1").rows(seed=7, count=1000)
    """

    def __init__(self, package: LoadedPackage, threads: int | None = None) -> None:
        """Wraps a package; `synthserve_core.load` makes one from a folder.

        Args:
            package: The package.
            threads: How many threads compute the samples of a call; None: one for each available core. The samples do
                not depend on it.

        Raises:
            ValueError: There are less than one.
        """
        if threads is not None and threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        self._package = package
        self._threads = available_cores() if threads is None else threads

    @property
    def model(self) -> Model:
        """The model of the package."""
        return self._package.model

    def samples(
        self, *, seed: int, count: int, start: int = 0, where: Mapping[str, Test] | None = None
    ) -> dict[Key, NDArray[Any]]:
        """Samples as arrays.

        Args:
            seed: From 0 to 2^63 - 1.
            count: How many samples.
            start: The index of the first sample.
            where: Conditions, by name.

        Returns:
            Arrays by key, `[count, ...]` each. The key of the values of a column is its name.

        Raises:
            ConditionError: The model does not have a condition, or cannot fulfil it.
            GraphError: The graph failed.
            ValueError: A number is out of its range.
        """
        spec = self._spec(seed, count, start, where)
        tensors = tensors_of(self.model.output)
        arrays = {key: np.empty((count, *tensor.shape), tensor.dtype) for key, tensor in tensors.items()}

        def fill(drawn: Arrays, frame: Frame) -> None:
            first, some = frame[0] - start, frame[1]
            for key, values in drawn.items():
                arrays[key][first : first + some] = values

        with closing(self._drawn(spec, count, fill)) as frames:
            for _ in frames:
                pass
        return arrays

    def rows(self, *, seed: int, count: int, start: int = 0, where: Mapping[str, Test] | None = None) -> Any:  # noqa: ANN401 - pyarrow has no types.
        """Rows as a `pyarrow.Table` with their provenance in its schema; arguments and errors as for `samples`.

        Raises:
            TypeError: The model generates images.
        """
        spec = self._spec(seed, count, start, where)
        encoder = self._arrow
        with closing(self._drawn(spec, count, lambda drawn, _: encoder.batch(drawn))) as batches:
            return pa.Table.from_batches(batches, encoder.schema(spec.schema_metadata()))

    def pictures(
        self, *, seed: int, count: int, start: int = 0, where: Mapping[str, Test] | None = None
    ) -> Iterator[bytes]:
        """Images as PNG files with their provenance; arguments and errors as for `samples`.

        Raises:
            TypeError: The model generates rows.
        """
        spec = self._spec(seed, count, start, where)
        if not isinstance(self.model.output, Image):
            raise TypeError(f"{self.model.name} generates rows, not images")
        return self._encoded(spec, count)

    def _encoded(self, spec: GenerationSpec, count: int) -> Iterator[bytes]:
        before, after = spec.image_source()

        def encode(drawn: Arrays, frame: Frame) -> list[bytes]:
            first, some = frame
            sources = [f"{before}{index}{after}" for index in range(first, first + some)]
            return images.encode(drawn[IMAGE], images.Format.PNG, 0, sources)

        with closing(self._drawn(spec, count, encode)) as frames:
            for pictures in frames:
                yield from pictures

    @cached_property
    def _arrow(self) -> ArrowEncoder:
        table = self.model.output
        if not isinstance(table, Table):
            raise TypeError(f"{self.model.name} generates images, not rows")
        return ArrowEncoder(table)

    def _drawn(
        self, spec: GenerationSpec, count: int, use: Callable[[Arrays, Frame], Result]
    ) -> Generator[Result, None, None]:
        """Draws the frames in several threads, which call `use` with each; yields its results in order."""
        cancellation = Cancellation()

        def draw(frame: Frame) -> Result:
            first, some = frame
            drawn = Draw(self.model, self._package.session, spec.seed, first, some, spec.settings)
            return use(sample(drawn, cancellation), frame)

        size = self._frame_size(count)
        threads = min(self._threads, max(1, math.ceil(count / size)))
        return thread_map(draw, cut(spec.start, spec.start + count, size, size), threads, cancellation)

    def _frame_size(self, count: int) -> int:
        """How many samples of `count` are computed at once: as many frames for each thread, and not too large ones."""
        values = sum(math.prod(tensor.shape) for tensor in self.model.generate.output_tensors.values())
        most, fewest = max(1, _MOST_VALUES // values), max(1, _FEWEST_VALUES // values)
        rounds = max(1, math.ceil(count / (most * self._threads)))
        size = max(fewest, math.ceil(count / (rounds * self._threads)))
        # In whole batches where smaller ones would be filled up.
        least = self._package.session.least
        return math.ceil(size / least) * least

    def _spec(self, seed: int, count: int, start: int, where: Mapping[str, Test] | None) -> GenerationSpec:
        return GenerationSpec(self.model, seed, start, count).where(where or {})


def load(
    folder: str | Path, devices: Devices = CPU, limits: PackageLimits | None = None, *, threads: int | None = None
) -> LocalModel:
    """Loads a package.

    Args:
        folder: `{model}/{version}/`, with `manifest.json` in it; or `{model}/`, for its newest version.
        devices: Where its graphs run. Default: on the CPU.
        limits: Limits on the package.
        threads: How many threads compute the samples of a call; None: one for each available core. The samples do not
            depend on it.

    Raises:
        ManifestError: The manifest is not valid, or a file does not match it.
        GraphError: A graph cannot be run.
        OSError: A file cannot be read.
        ValueError: There are less than one thread.
    """
    return LocalModel(load_package(_version_folder(Path(folder)), devices, limits), threads)


def _version_folder(folder: Path) -> Path:
    """The folder itself if it is a package, else that of the newest version in it."""
    if (folder / MANIFEST).exists() or not folder.is_dir():
        return folder
    versions = [inside for inside in folder.iterdir() if VERSION.fullmatch(inside.name)]
    return max(versions, key=lambda inside: int(inside.name), default=folder)
