import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from tests.unit.training.reading.conftest import read

from synthserve_training.data.reading import open_table
from synthserve_training.errors import ReadingError

TEXT = "a,b\n1,x\n2,y\nSource: some office, 2020\n"
ROWS = [("1", "x"), ("2", "y")]


def zst(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def zipped(data: bytes, *names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("table.csv",):
            archive.writestr(name, data)
    return stream.getvalue()


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zst,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zip": zipped,
}


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compression_is_found_by_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(COMPRESSIONS[name](TEXT.encode()))
    found = read(path)
    assert found.layout.compression == name
    assert found.layout.footer_rows == 1
    assert found.rows == ROWS
    assert found.source.size == path.stat().st_size


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_cut_off_compressed_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "table.csv"
    data = COMPRESSIONS[name]("".join(f"{number},{number * 7919 % 1000}\n" for number in range(20_000)).encode())
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ReadingError, match=r"table\.csv: .*(broken|cut off)"):
        open_table(str(path))


def test_files_that_were_compressed_one_by_one_and_joined_are_read(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(gzip.compress(b"a,b\n1,x\n") + gzip.compress(b"2,y\n"))
    assert read(path).rows == ROWS


def test_compressed_parquet_is_read(tmp_path: Path) -> None:
    stream = io.BytesIO()
    pl.DataFrame({"a": [1, 2]}).write_parquet(stream)
    path = tmp_path / "table"
    path.write_bytes(gzip.compress(stream.getvalue()))
    found = read(path)
    assert found.layout.format == "parquet"
    assert found.rows == [(1,), (2,)]


def test_zip_may_hold_what_systems_add(tmp_path: Path) -> None:
    path = tmp_path / "table.zip"
    path.write_bytes(zipped(TEXT.encode(), "__MACOSX/._table.csv", "folder/", "folder/table.csv"))
    assert read(path).rows == ROWS


def test_zip_of_several_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.zip"
    path.write_bytes(zipped(TEXT.encode(), "one.csv", "two.csv"))
    with pytest.raises(ReadingError, match=r"holds 2 files \(one.csv, two.csv\): unpack it"):
        open_table(str(path))
