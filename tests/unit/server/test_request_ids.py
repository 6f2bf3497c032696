import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve_server.telemetry.request_ids import KEY, request_id, trace_id

ALLOWED = string.ascii_letters + string.digits + "._:=+/-"


@given(st.text(ALLOWED, min_size=1, max_size=128))
def test_well_formed_id_is_kept(given_id: str) -> None:
    assert request_id([("user-agent", "x"), (KEY, given_id)]) == given_id


@pytest.mark.parametrize("bad", ["", "a" * 129, "a b", "a\nb", 'a"b', "ä", "a\x00", "a;b", b"bytes"])
def test_others_are_replaced_by_new_ones(bad: str | bytes) -> None:
    made = {request_id([(KEY, bad)]) for _ in range(100)}
    assert len(made) == 100
    assert all(set(one) <= set(ALLOWED) and 0 < len(one) <= 128 for one in made)


def test_trace_id_is_that_of_the_caller() -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    assert trace_id([("traceparent", f"00-{trace}-{span}-01")]) == trace
    assert trace_id([("traceparent", f"01-{trace}-{span}-01-of-the-future")]) == trace


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ],
)
def test_what_is_no_traceparent_names_no_trace(bad: str | bytes) -> None:
    assert trace_id([("traceparent", bad)]) == ""
