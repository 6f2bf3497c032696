import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.fixtures.models import described
from tests.fixtures.oip import request

from synthserve_core.contract.model import Condition, ConditionKind, Image
from synthserve_server.services.oip import inference_pb2
from synthserve_server.services.oip.requests import LARGEST_REQUEST, max_batch

PIXEL = Image(1, 1, 1)


@pytest.mark.parametrize(("max_count", "most"), [(None, 64), (1000, 64), (10, 10)])
def test_the_batch_is_bounded_by_the_manifest_and_by_what_a_call_may_ask_for(max_count: int | None, most: int) -> None:
    assert max_batch(described(PIXEL, 64, latent=(8,)), max_count) == most


def test_a_sample_that_is_larger_than_a_message_still_has_a_batch() -> None:
    assert max_batch(described(PIXEL, 64, latent=(1 << 20,)), None) == 1


@given(values=st.integers(0, 30_000), conditions=st.integers(0, 5), raw=st.booleans())
def test_the_largest_batch_fits_into_a_message(values: int, conditions: int, raw: bool) -> None:
    taken = tuple(Condition(f"c{number}", ConditionKind.CODE, categories=("a",)) for number in range(conditions))
    model = described(PIXEL, 100, taken, latent=(values,))
    batch = max_batch(model, None)
    feeds: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {"latent": np.ones((batch, values), np.float32)}
    feeds |= {f"condition:{condition.name}": np.full(batch, -1) for condition in taken}
    assert request("m", feeds, raw=raw, id="x" * 1000).ByteSize() <= LARGEST_REQUEST


def test_another_package_may_have_the_same_messages() -> None:
    other = descriptor_pb2.FileDescriptorProto(name=inference_pb2.DESCRIPTOR.name, package="inference")
    other.message_type.add(name="ModelInferRequest").field.add(name="else", number=1, type=8, label=1)
    pool = descriptor_pool.Default()
    pool.Add(other)  # fails where the names are taken
    assert [field.name for field in pool.FindMessageTypeByName("inference.ModelInferRequest").fields] == ["else"]
    assert inference_pb2.ModelInferRequest(model_name="m").model_name == "m"
