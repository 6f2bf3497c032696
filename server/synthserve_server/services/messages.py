"""The messages of a stream: which samples go into each, and how they are encoded and serialised."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from synthserve.v1 import generation_pb2
from synthserve_server.encoding.images import Format
from synthserve_server.encoding.processes import EncodingProcesses
from synthserve_server.encoding.rows import RowEncoder
from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.messages import Message
from synthserve_server.runtime.model import IMAGE, Arrays
from synthserve_server.runtime.sampler import Draw
from synthserve_server.runtime.timings import Observer
from synthserve_server.services.frames import columns_response, data_response
from synthserve_server.services.image_responses import ImageResponses
from synthserve_server.services.requests import ImageOrder, Order, RowOrder

Messages = Callable[[Cancellation, int, int], Message]
"""The message of the samples `[first, first + count)`, yet to be made; called with cancellation, first and count."""

_FEW_IMAGES = 8
"""So many are encoded in less time than the way to another process and back takes."""


def marks(order: Order) -> dict[str, str]:
    """What says, in metadata and file headers, that a stream is synthetic and how to make it again."""
    found = {
        "synthserve-synthetic": "true",
        "synthserve-model": order.package.model.name,
        "synthserve-seed": str(order.seed),
        "synthserve-offset": str(order.start),
    }
    if order.count is not None:
        found["synthserve-count"] = str(order.count)
    if conditions := _texts(order):
        found["synthserve-where"] = urlencode(conditions)
    return found


def _texts(order: Order) -> dict[str, str]:
    categories = {condition.name: condition.categories for condition in order.package.model.conditions}
    return {name: categories[name][code] for name, code in sorted(order.conditions.items())}


def row_messages(order: RowOrder, observe: Observer | None = None) -> Messages:
    """The serialised GenerateRowsResponse messages of a stream.

    Args:
        order: What to generate.
        observe: Told how long each message took; None: nothing is measured.
    """
    draw = _draw(order)
    encoder = _encoder(order)
    info = generation_pb2.RowStreamInfo(
        model=draw.model.name,
        seed=order.seed,
        schema=order.package.manifest.table,
        preamble=encoder.preamble if encoder else b"",
    ).SerializeToString()

    def message(cancellation: Cancellation, first: int, count: int) -> Message:
        head = info if first == order.start else None

        def encode(arrays: Arrays) -> bytes:
            if encoder is None:
                return columns_response(order.table, arrays, head, first, count)
            return data_response(encoder.encode(arrays), head, first, count)

        return Message(replace(draw, start=first, count=count), encode, cancellation, observe)

    return message


def _encoder(order: RowOrder) -> RowEncoder | None:
    if order.file_format is None:
        return None
    metadata = {key.replace("-", "."): value for key, value in marks(order).items()}
    return RowEncoder(order.table, order.file_format, metadata)


def image_messages(
    order: ImageOrder, observe: Observer | None = None, processes: EncodingProcesses | None = None
) -> Messages:
    """The serialised GenerateImagesResponse messages of a stream.

    Args:
        order: What to generate.
        observe: As above.
        processes: Encode what is more than a few images; None: whichever thread computes them does.
    """
    if order.file_format is Format.RAW:
        processes = None  # there is less to do than to send
    draw = _draw(order)
    info = generation_pb2.ImageStreamInfo(
        model=draw.model.name,
        seed=order.seed,
        schema=order.package.manifest.image,
        media_type=order.file_format.value,
    )
    # The marks read like a query that makes the image again: mnist-cgan/1?seed=7&index=12&where.digit=3
    source = f"{draw.model.id}/{draw.model.version}?seed={order.seed}&index="
    where = "".join("&" + urlencode({f"where.{name}": text}) for name, text in _texts(order).items())
    made = ImageResponses(info.SerializeToString(), order.file_format, order.jpeg_quality, source, where)

    def message(cancellation: Cancellation, first: int, count: int) -> Message:
        begins = first == order.start

        def encode(arrays: Arrays) -> bytes:
            if processes and count > _FEW_IMAGES:
                return processes.do(made.response, arrays[IMAGE], first, begins=begins)
            return made.response(arrays[IMAGE], first, begins=begins)

        return Message(replace(draw, start=first, count=count), encode, cancellation, observe)

    return message


def _draw(order: Order) -> Draw:
    package = order.package
    return Draw(package.model, package.session, order.seed, order.start, 0, order.conditions)
