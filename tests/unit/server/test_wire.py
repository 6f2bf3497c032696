from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthserve.v1 import generation_pb2, schema_pb2
from synthserve_core.contract.model import Column, ColumnType, Table, Validity
from synthserve_server.services.generation.wire import columns_response, data_response

TABLE = Table(
    (
        Column("d", ColumnType.DOUBLE, nullable=True),
        Column("i", ColumnType.INT64),
        Column("c", ColumnType.CATEGORY, ("x", "y", "z"), nullable=True),
        Column("b", ColumnType.BOOL),
    )
)
INFO = generation_pb2.RowStreamInfo(
    model="models/m/versions/1",
    seed=7,
    schema=schema_pb2.TableSchema(columns=[schema_pb2.Column(name="d", type=schema_pb2.COLUMN_TYPE_DOUBLE)]),
    preamble=b"head",
)
ROWS = st.lists(
    st.tuples(st.floats(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2), st.booleans())
)


@given(rows=ROWS, first=st.integers(0, 2**63 - 1), with_info=st.booleans())
def test_has_the_bytes_of_the_real_message(rows: list[tuple[Any, ...]], first: int, with_info: bool) -> None:
    d, valid, i, c, b = zip(*rows, strict=True) if rows else ((),) * 5
    every = np.ones(len(rows), np.bool_)
    arrays = {
        "d": np.array(d, np.float64),
        Validity("d"): np.array(valid, np.bool_),
        "i": np.array(i, np.int64),
        "c": np.array(c, np.int32),
        Validity("c"): every,
        "b": np.array(b, np.bool_),
    }
    real = generation_pb2.GenerateRowsResponse(
        info=INFO if with_info else None,
        first_index=first,
        row_count=len(rows),
        columns=generation_pb2.ColumnBatch(
            columns=[
                generation_pb2.ColumnValues(
                    doubles=generation_pb2.DoubleValues(values=d), validity=[] if all(valid) else valid
                ),
                generation_pb2.ColumnValues(int64s=generation_pb2.Int64Values(values=i)),
                generation_pb2.ColumnValues(categories=generation_pb2.CategoryCodes(codes=c)),
                generation_pb2.ColumnValues(bools=generation_pb2.BoolValues(values=b)),
            ]
        ),
    )
    info = INFO.SerializeToString() if with_info else None
    assert columns_response(TABLE, arrays, info, first) == real.SerializeToString(deterministic=True)


def test_takes_slices_and_other_strides() -> None:
    table = Table((Column("d", ColumnType.DOUBLE),))
    values = np.arange(20, dtype=np.float64)[3:13:3]
    response = generation_pb2.GenerateRowsResponse.FromString(columns_response(table, {"d": values}, None, 0))
    assert list(response.columns.columns[0].doubles.values) == [3, 6, 9, 12]


def test_data_has_the_bytes_of_the_real_message() -> None:
    for data in (b"", b"1,2\n"):
        real = generation_pb2.GenerateRowsResponse(info=INFO, first_index=5, row_count=1, data=data)
        assert data_response(data, INFO.SerializeToString(), 5, 1) == real.SerializeToString(deterministic=True)
