"""Chooses how many samples a message carries."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from synthserve_core.encoding.images import image_width
from synthserve_core.encoding.rows import Format
from synthserve_core.encoding.widths import row_widths
from synthserve_core.packages.reading import LoadedPackage
from synthserve_server.services.generation.requests import ImagesRequest, RowsRequest

LARGEST_MESSAGE = 3 << 20
"""The most bytes of a message with more than one sample: clients accept 4 MiB by default."""

TYPICAL_MESSAGE = 512 << 10
"""The approximate bytes of a message of rows if the caller has no preference."""

FIRST_ROWS = 64
FIRST_IMAGES = 4
"""The most samples in a first response, which is sent early and takes one run of the graph."""

FEW_ROWS = 1024
"""A stream of at most so many rows is one message, unless other bounds make the message smaller."""

MOST_IMAGES = 128
"""The most images in a message if the caller has no preference."""


_HEAD = 16
"""The first message is computed alone if it is at least so many times smaller than the others."""


@dataclass(frozen=True)
class Sizes:
    """The most samples in the first message of a stream and in the others."""

    first: int
    rest: int

    @property
    def head(self) -> bool:
        """Whether the first message is negligible compared with the others."""
        return self.first * _HEAD <= self.rest

    def at_most(self, most: int) -> "Sizes":
        """These sizes, capped at `most`, which must be at least 1."""
        return Sizes(min(self.first, most), min(self.rest, most))


def row_sizes(request: RowsRequest, info: int = 0) -> Sizes:
    """Chooses the sizes for a stream of rows.

    Args:
        request: The request.
        info: Bytes that the first message carries in addition to rows.
    """
    typical, largest = _widths(request)
    most = max(1, LARGEST_MESSAGE // largest)
    size = request.hint or _power_of_two(TYPICAL_MESSAGE // typical) * 2
    few = request.spec.count is not None and request.spec.count <= FEW_ROWS
    first = FEW_ROWS if few else FIRST_ROWS
    beside = max(1, (LARGEST_MESSAGE - info) // largest)
    return Sizes(min(first, size, beside, request.package.model.batch_size), min(size, most))


def image_sizes(request: ImagesRequest, workers: int) -> Sizes:
    """Chooses the sizes for a stream of images.

    If the caller has no preference, every worker gets a part of a short stream: images take long to compute.
    """
    image = request.image
    most = max(1, LARGEST_MESSAGE // image_width(image.height, image.width, image.channels))
    share = MOST_IMAGES if request.spec.count is None else -(-request.spec.count // (2 * workers))
    size = request.hint or _power_of_two(min(MOST_IMAGES, most, max(share, FIRST_IMAGES)))
    return Sizes(min(FIRST_IMAGES, size, most, request.package.model.batch_size), min(size, most))


_known: "WeakKeyDictionary[LoadedPackage, dict[Format | None, tuple[int, int]]]" = WeakKeyDictionary()


def _widths(request: RowsRequest) -> tuple[int, int]:
    """The widths of a row; measured once for each package, as it can have many columns and categories."""
    known = _known.setdefault(request.package.loaded, {})
    if request.file_format not in known:
        known[request.file_format] = row_widths(request.table, request.file_format)
    return known[request.file_format]


def _power_of_two(at_most: int) -> int:
    return 1 << (max(at_most, 1).bit_length() - 1)
