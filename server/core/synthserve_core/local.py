"""Generates samples of a package in this process, without a server: the same bytes that a server would send."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU, Devices
from synthserve_core.compute.ranges import cut
from synthserve_core.compute.sampler import Draw, sample
from synthserve_core.contract.conditions import Test
from synthserve_core.contract.model import IMAGE, Image, Key, Model, Table
from synthserve_core.contract.names import VERSION
from synthserve_core.encoding import images
from synthserve_core.encoding.arrow_rows import ArrowEncoder
from synthserve_core.generation import GenerationSpec
from synthserve_core.packages.reading import MANIFEST, LoadedPackage, PackageLimits, load_package

_FRAME_VALUES = 1 << 20
"""About how many values are computed at once; a text counts as its bytes."""


class LocalModel:
    """A package that was loaded into this process.

    Example:
        >>> import synthserve_core
        >>> table = synthserve_core.load("exported/iris-vae/1").rows(seed=7, count=1000)
    """

    def __init__(self, package: LoadedPackage) -> None:
        """Wraps a package; `synthserve_core.load` makes one from a folder."""
        self._package = package

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
        return self._sample(self._spec(seed, count, start, where), start, count)

    def rows(self, *, seed: int, count: int, start: int = 0, where: Mapping[str, Test] | None = None) -> Any:  # noqa: ANN401 - pyarrow has no types.
        """Rows as a `pyarrow.Table` with their provenance in its schema; arguments and errors as for `samples`.

        Raises:
            TypeError: The model generates images.
        """
        import pyarrow as pa

        spec = self._spec(seed, count, start, where)
        table = self.model.output
        if not isinstance(table, Table):
            raise TypeError(f"{self.model.name} generates images, not rows")
        encoder = ArrowEncoder(table, spec.schema_metadata())
        batches = [encoder.batch(self._sample(spec, *part)) for part in self._frames(start, count)]
        return pa.Table.from_batches(batches, encoder.schema)

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
        for first, some in self._frames(spec.start, count):
            pixels: NDArray[np.uint8] = self._sample(spec, first, some)[IMAGE]
            sources = [f"{before}{index}{after}" for index in range(first, first + some)]
            yield from images.encode(pixels, images.Format.PNG, 0, sources)

    def _frames(self, start: int, count: int) -> Iterator[tuple[int, int]]:
        """The index ranges to compute, one after the other."""
        sample = sum(math.prod(tensor.shape) for tensor in self.model.generate.output_tensors.values())
        frame = max(1, _FRAME_VALUES // sample)
        return cut(start, start + count, frame, frame)

    def _spec(self, seed: int, count: int, start: int, where: Mapping[str, Test] | None) -> GenerationSpec:
        return GenerationSpec(self.model, seed, start, count).where(where or {})

    def _sample(self, spec: GenerationSpec, first: int, count: int) -> dict[Key, NDArray[Any]]:
        return sample(Draw(self.model, self._package.session, spec.seed, first, count, spec.settings), Cancellation())


def load(folder: str | Path, devices: Devices = CPU, limits: PackageLimits | None = None) -> LocalModel:
    """Loads a package.

    Args:
        folder: `{model}/{version}/`, with `manifest.json` in it; or `{model}/`, for its newest version.
        devices: Where its graphs run. Default: on the CPU.
        limits: Limits on the package.

    Raises:
        ManifestError: The manifest is not valid, or a file does not match it.
        GraphError: A graph cannot be run.
        OSError: A file cannot be read.
    """
    return LocalModel(load_package(_version_folder(Path(folder)), devices, limits))


def _version_folder(folder: Path) -> Path:
    """The folder itself if it is a package, else that of the newest version in it."""
    if (folder / MANIFEST).exists() or not folder.is_dir():
        return folder
    versions = [inside for inside in folder.iterdir() if VERSION.fullmatch(inside.name)]
    return max(versions, key=lambda inside: int(inside.name), default=folder)
