"""The messages of a call, made in this process as the server's workers make them, without a server."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from synthserve.v1 import generation_pb2
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU, Devices
from synthserve_core.compute.ranges import cut
from synthserve_core.compute.sampler import Draw
from synthserve_server.models.catalogue import Catalogue
from synthserve_server.models.repository import Repository
from synthserve_server.scheduling.jobs import SampleJob
from synthserve_server.services.generation.image_responses import image_responses
from synthserve_server.services.generation.requests import SampleRequest, images_request, rows_request
from synthserve_server.services.generation.row_responses import row_responses
from synthserve_server.services.generation.service import Responses
from synthserve_server.services.generation.sizes import Sizes, image_sizes, row_sizes
from synthserve_server.telemetry import log_setup


@cache
def catalogue(repository: Path, devices: Devices = CPU) -> Catalogue:
    """Loads the packages, once in a process."""
    log_setup.configure("text")
    opened = Repository(repository, devices)
    opened.load()
    return opened.catalogue


@dataclass(frozen=True)
class Messages:
    """The messages of a call.

    Attributes:
        request: What the call asks for.
        sizes: How many samples they carry.
        responses: Serialises them.
    """

    request: SampleRequest
    sizes: Sizes
    responses: Responses

    def frames(self) -> Iterator[tuple[int, int]]:
        """The index of the first sample, and the number of samples, of each message."""
        return cut(self.request.spec.start, self.request.spec.stop, self.sizes.first, self.sizes.rest)

    def make(self, first: int, count: int) -> bytes:
        """Makes a message. Safe to use from several threads."""
        spec = self.request.spec
        draw = Draw(spec.model, self.request.package.session, spec.seed, first, count, spec.settings)
        return SampleJob(draw, self.responses.response, Cancellation()).make().data


def row_messages(request: generation_pb2.GenerateRowsRequest, models: Catalogue) -> Messages:
    """The messages of a call for rows."""
    checked = rows_request(request, models, None)
    responses = row_responses(checked)
    return Messages(checked, row_sizes(checked, len(responses.info or b"")), responses)


def image_messages(request: generation_pb2.GenerateImagesRequest, models: Catalogue, workers: int) -> Messages:
    """The messages of a call for images, as a server with so many workers cuts them."""
    checked = images_request(request, models, None)
    return Messages(checked, image_sizes(checked, workers), image_responses(checked, None))
