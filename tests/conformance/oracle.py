"""The samples of the vectors' models, computed with NumPy alone: what the digests in `vectors.json` are checked by."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.conformance import exact, typed, wide
from tests.conformance.digests import Cells, TableDigest
from tests.conformance.models import CITIES, HEIGHT, IDS, SCALE, TABLE_LATENT, WIDTH

from synthserve_core.compute.noise import normal

_AT_ONCE = 100_000


def _parts(offset: int, count: int) -> Iterator[tuple[int, int]]:
    for start in range(offset, offset + count, _AT_ONCE):
        yield start, min(_AT_ONCE, offset + count - start)


def _whole(latent: NDArray[np.float32]) -> NDArray[np.int64]:
    whole: NDArray[np.int64] = np.floor(latent * np.float32(SCALE)).astype(np.int64)
    return whole


def table_digest(seed: int, offset: int, count: int, city: str | None = None) -> str:
    """The digest of rows of the table, see `models.table_graph`."""
    digest = TableDigest(5)
    for start, size in _parts(offset, count):
        latent = normal(seed, start, size, [TABLE_LATENT])
        whole = _whole(latent)
        codes = whole[:, 4] % len(CITIES) if city is None else np.full(size, CITIES.index(city))
        digest.update(
            [
                Cells(whole[:, 0] / 100, whole[:, 1] > -500),
                Cells(whole[:, 2] * IDS[0] + whole[:, 3] * IDS[1]),
                Cells(latent[:, 5].astype(np.float64) / 3),
                Cells([CITIES[code] for code in codes], None if city is not None else whole[:, 6] < 700),
                Cells(whole[:, 7] > 0, whole[:, 6] > -500),
            ]
        )
    return digest.hexdigest()


def image_digest(seed: int, offset: int, count: int, channels: int) -> str:
    """The digest of pixels, see `models.image_graph`."""
    digest = hashlib.sha256()
    rows, columns = np.arange(HEIGHT)[:, np.newaxis, np.newaxis], np.arange(WIDTH)[:, np.newaxis]
    for latent in _whole(normal(seed, offset, count, [3, channels])):
        level, down, across = latent
        digest.update(((level + down * rows + across * columns) % 256).astype(np.uint8).tobytes())
    return digest.hexdigest()


def typed_digest(seed: int, offset: int, count: int, **conditions: Any) -> str:
    """The digest of rows of the model with all types, under conditions as `typed.cells` takes them."""
    digest = TableDigest(len(typed.COLUMNS))
    for start, size in _parts(offset, count):
        digest.update(typed.cells(seed, start, size, **conditions))
    return digest.hexdigest()


def wide_digest(seed: int, offset: int, count: int) -> str:
    """The digest of rows of the model with the large schema."""
    digest = TableDigest(wide.COLUMNS + 1)
    for start, size in _parts(offset, count):
        digest.update(wide.cells(seed, start, size))
    return digest.hexdigest()


def exact_digest(seed: int, offset: int, count: int, **conditions: Any) -> str:
    """The digest of rows of the learnt table, under conditions as `exact.cells` takes them."""
    digest = TableDigest(len(exact.UNSET))
    for start, size in _parts(offset, count):
        digest.update(exact.cells(seed, start, size, conditions))
    return digest.hexdigest()
