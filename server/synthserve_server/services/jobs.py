"""What a worker does for one message: compute the samples, encode them, serialise the message."""

from collections.abc import Callable
from urllib.parse import urlencode

from synthserve.v1 import generation_pb2
from synthserve_server.encoding import images
from synthserve_server.encoding.rows import RowEncoder
from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.model import IMAGE
from synthserve_server.runtime.sampler import sample
from synthserve_server.services.frames import columns_response, data_response
from synthserve_server.services.requests import ImageOrder, Order, RowOrder

Job = Callable[[Cancellation, int, int], bytes]
"""Makes the serialised message of the samples `[first, first + count)`; called with cancellation, first and count."""


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


def rows_job(order: RowOrder) -> Job:
    """The job of a stream of GenerateRowsResponse messages."""
    model, session = order.package.model, order.package.session
    metadata = {key.replace("-", "."): value for key, value in marks(order).items()}
    encoder = RowEncoder(order.table, order.file_format, metadata) if order.file_format else None
    info = generation_pb2.RowStreamInfo(
        model=model.name,
        seed=order.seed,
        schema=order.package.manifest.table,
        preamble=encoder.preamble if encoder else b"",
    ).SerializeToString()

    def job(cancellation: Cancellation, first: int, count: int) -> bytes:
        arrays = sample(model, session, order.seed, first, count, order.conditions, cancellation)
        head = info if first == order.start else None
        if encoder is None:
            return columns_response(order.table, arrays, head, first, count)
        return data_response(encoder.encode(arrays), head, first, count)

    return job


def images_job(order: ImageOrder) -> Job:
    """The job of a stream of GenerateImagesResponse messages."""
    model, session = order.package.model, order.package.session
    info = generation_pb2.ImageStreamInfo(
        model=model.name,
        seed=order.seed,
        schema=order.package.manifest.image,
        media_type=order.file_format.value,
    )
    # The marks read like a query that makes the image again: mnist-cgan/1?seed=7&index=12&where.digit=3
    source = f"{model.id}/{model.version}?seed={order.seed}&index="
    where = "".join("&" + urlencode({f"where.{name}": text}) for name, text in _texts(order).items())

    def job(cancellation: Cancellation, first: int, count: int) -> bytes:
        arrays = sample(model, session, order.seed, first, count, order.conditions, cancellation)
        names = [f"{source}{index}{where}" for index in range(first, first + count)]
        response = generation_pb2.GenerateImagesResponse(
            info=info if first == order.start else None,
            first_index=first,
            images=images.encode(arrays[IMAGE], order.file_format, order.jpeg_quality, names),
        )
        return response.SerializeToString()

    return job
