# Requests of all kinds.

from pathlib import Path
from typing import Any

import pytest

from synthserve.v1 import generation_pb2
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.ranges import cut
from synthserve_core.generation import LARGEST
from synthserve_core.packages.reading import load_package
from synthserve_server.models.catalogue import Catalogue, ReadyPackage
from synthserve_server.services.generation.requests import RowsRequest, images_request, rows_request
from synthserve_server.services.generation.sizes import FEW_ROWS, FIRST_ROWS, image_sizes, row_sizes


@pytest.fixture(scope="module")
def catalogue(repository: Path) -> Catalogue:
    return Catalogue([ReadyPackage(load_package(repository / name / "1", CPU)) for name in ("tiny-table", "tiny-grey")])


def checked(catalogue: Catalogue, **fields: Any) -> RowsRequest:
    request = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7, **fields)
    return rows_request(request, catalogue, None)


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_a_count_that_ends_with_the_indices_is_a_count(catalogue: Catalogue, count: int) -> None:
    spec = checked(catalogue, offset=LARGEST - count, count=count).spec
    assert (spec.count, spec.stop) == (count, LARGEST)
    assert spec.provenance()["synthserve-count"] == str(count)


def test_without_a_count_the_indices_are_the_end(catalogue: Catalogue) -> None:
    spec = checked(catalogue, offset=5).spec
    assert (spec.count, spec.stop) == (None, LARGEST)
    assert "synthserve-count" not in spec.provenance()


def test_a_short_stream_is_cut_for_every_worker_wherever_it_ends(catalogue: Catalogue) -> None:
    def size(**fields: Any) -> int:
        request = generation_pb2.GenerateImagesRequest(model="models/tiny-grey", **fields)
        return image_sizes(images_request(request, catalogue, None), workers=2).rest

    assert size(count=64) == size(count=64, offset=LARGEST - 64) == 16
    assert size() == 128


@pytest.mark.parametrize("offset", [0, 3, LARGEST - FEW_ROWS])
def test_few_rows_are_one_message_and_more_begin_with_a_small_one(catalogue: Catalogue, offset: int) -> None:
    def messages(count: int) -> list[int]:
        request = checked(catalogue, offset=offset, count=count)
        sizes = row_sizes(request)
        return [length for _, length in cut(request.spec.start, request.spec.stop, sizes.first, sizes.rest)]

    few = min(FEW_ROWS, catalogue.served()[1].model.batch_size)
    assert messages(few) == [few]
    if offset + FEW_ROWS < LARGEST:
        assert messages(FEW_ROWS + 1)[0] == FIRST_ROWS
