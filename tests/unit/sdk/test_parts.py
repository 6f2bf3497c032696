"""Large schemas come in parts, before the first row; a stream begins when it is whole."""

from __future__ import annotations

from typing import Any

import pytest

from synthserve import ProtocolError, RetryPolicy, Unavailable
from synthserve._samples.kinds import ROWS
from synthserve._transport.resume import Resume
from synthserve.v1 import generation_pb2 as pb
from synthserve.v1 import schema_pb2

VERSION = "models/m/versions/4"
CATEGORIES = ["a", "b", "c", "d"]
NO_WAIT = RetryPolicy(start_attempts=3, resume_attempts=3, initial_backoff=0.0, max_backoff=0.0)

Rows = Resume[pb.GenerateRowsRequest, pb.GenerateRowsResponse]


def begin(count: int | None = 9, **fields: Any) -> Rows:
    request = pb.GenerateRowsRequest(model="models/m", count=count, **fields)
    return Resume(request, ROWS.size, ROWS.assemble, NO_WAIT)


def schema(*categories: str) -> schema_pb2.TableSchema:
    category = schema_pb2.COLUMN_TYPE_CATEGORY
    return schema_pb2.TableSchema(
        columns=[schema_pb2.Column(name="c", type=category, categories=categories, category_count=len(CATEGORIES))]
    )


def head(first: int = 0, *, parts: int = 2, rows: int = 0, categories: list[str] = CATEGORIES[:1]) -> Any:
    info = pb.RowStreamInfo(model=VERSION, seed=9, schema=schema(*categories), preamble=b"1", part_count=parts)
    return pb.GenerateRowsResponse(info=info, first_index=first, row_count=rows)


def part(*categories: str, index: int = 0, preamble: bytes = b"", first: int = 0, rows: int = 0) -> Any:
    more = [schema_pb2.CategoryPart(index=index, categories=categories)] if categories else []
    return pb.GenerateRowsResponse(
        part=schema_pb2.SchemaPart(columns=more, preamble=preamble), first_index=first, row_count=rows
    )


def rows(first: int, count: int) -> pb.GenerateRowsResponse:
    return pb.GenerateRowsResponse(first_index=first, row_count=count)


def accept_all(state: Rows, *responses: pb.GenerateRowsResponse) -> None:
    for response in responses:
        state.accept(response)


def whole() -> list[Any]:
    """The first response and its parts."""
    return [head(), part("b", "c", preamble=b"2"), part("d", preamble=b"3")]


def test_the_parts_make_the_first_response() -> None:
    state = begin()
    assert state.accept(head()) is None
    assert state.accept(part("b", "c", preamble=b"2")) is None
    first = state.accept(part("d", preamble=b"3"))
    assert first is not None
    assert first.info == pb.RowStreamInfo(model=VERSION, seed=9, schema=schema(*CATEGORIES), preamble=b"123")
    assert not first.HasField("part")
    assert state.accept(rows(0, 9)) == rows(0, 9)
    assert state.complete
    state.finish()


def test_a_part_can_hold_more_of_the_preamble_alone() -> None:
    state = begin()
    state.accept(head(parts=1, categories=CATEGORIES))
    first = state.accept(part(preamble=b"2"))
    assert first is not None
    assert first.info.preamble == b"12"


def test_a_stream_that_goes_on_leaves_the_parts_out() -> None:
    state = begin()
    seen = [state.accept(response) for response in (*whole(), rows(0, 3))]
    assert [response is not None for response in seen] == [False, False, True, True]
    state.broken(Unavailable("broken"))
    request = state.request()
    assert (request.offset, request.count, request.seed, request.model) == (3, 6, 9, VERSION)
    again = [state.accept(response) for response in (head(3), part("b", "c", first=3), part("d", first=3), rows(3, 6))]
    assert again[:2] == [None, None]
    assert again[2] == pb.GenerateRowsResponse(first_index=3)
    assert again[3] == rows(3, 6)
    state.finish()


@pytest.mark.parametrize("count", [0, 9])
@pytest.mark.parametrize("came", [1, 2])
def test_a_stream_that_breaks_between_its_parts_has_not_begun(came: int, count: int) -> None:
    state = begin(count)
    for response in whole()[:came]:
        assert state.accept(response) is None
    assert not state.complete
    assert state.broken(Unavailable("broken")) == 0
    request = state.request()
    assert (request.model, request.HasField("seed"), request.offset) == ("models/m", False, 0)
    # The new call sends all of them.
    seen = [state.accept(response) for response in whole()]
    assert seen[2] is not None
    assert seen[2].info.schema == schema(*CATEGORIES)


def test_the_end_between_parts_is_too_early() -> None:
    state = begin(0)
    state.accept(head())
    with pytest.raises(ProtocolError, match="ended at index 0, before it began"):
        state.finish()


@pytest.mark.parametrize(
    ("responses", "why"),
    [
        ([head(parts=1), rows(0, 3)], "1 parts of the schema are missing where the rows begin"),
        ([head(parts=2), part("b", "c", "d"), rows(0, 3)], "1 parts of the schema are missing"),
        ([head(parts=1), head(parts=1)], "1 parts of the schema are missing"),
        ([head(parts=1), part("b", "c", "d", rows=3)], "1 parts of the schema are missing"),
        ([head(parts=1, rows=3)], "announced 1 parts of a schema, with 3 rows"),
        ([head(parts=-1)], "announced -1 parts of a schema"),
        ([head(parts=0, categories=CATEGORIES), part("e")], "a part of a schema that it did not announce"),
        ([part("e")], "a part of a schema that it did not announce"),
        ([*whole(), part("e")], "a part of a schema that it did not announce"),
        ([head(parts=1), part("b", index=1)], "categories of number 1 of 1"),
        ([head(parts=1), part("b", index=-1)], "categories of number -1 of 1"),
        ([head(parts=1), part("b", "c", "d", "e")], "'c': the server sent 5 categories, and said 4"),
        ([head(parts=1), part("b")], "'c': the server sent 2 categories, and said 4"),
        ([head(parts=0)], "'c': the server sent 1 categories, and said 4"),
        ([head(parts=1), part("b", "c", "d", first=0), rows(1, 1)], "expected samples from index 0, got 1 from 1"),
        ([head(5, parts=1), part("b", "c", "d")], "expected samples from index 0, got 0 from 5"),
    ],
)
def test_parts_that_break_the_rules_are_refused(responses: list[pb.GenerateRowsResponse], why: str) -> None:
    state = begin()
    with pytest.raises(ProtocolError) as caught:
        accept_all(state, *responses)
    assert why in str(caught.value)


def test_another_schema_after_a_break_is_refused() -> None:
    state = begin()
    accept_all(state, *whole(), rows(0, 3))
    state.broken(Unavailable("broken"))
    state.request()
    with pytest.raises(ProtocolError, match="has another schema than before"):
        accept_all(state, head(3), part("b", "x"), part("d"))
