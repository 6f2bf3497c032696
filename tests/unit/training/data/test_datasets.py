import gzip
import hashlib
import struct
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from synthserve.v1.schema_pb2 import COLUMN_TYPE_CATEGORY, COLUMN_TYPE_DOUBLE, COLUMN_TYPE_INT64
from synthserve_training import recipe as recipes
from synthserve_training.data.datasets import adhd200, iris, mnist
from synthserve_training.data.files import Files, RemoteFile
from synthserve_training.errors import DatasetError
from synthserve_training.train.experiment import load

CONTENT = b"four measurements and a species\n" * 1000


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def source(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "good.bin").write_bytes(CONTENT)
    (folder / "short.bin").write_bytes(CONTENT[:-1])
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def remote(*urls: str) -> RemoteFile:
    return RemoteFile("set/good.bin", hashlib.sha256(CONTENT).hexdigest(), urls)


def test_download_tries_the_sources_in_turn_and_caches_only_a_verified_copy(source: str, tmp_path: Path) -> None:
    files = Files(None, tmp_path / "cache")
    file = remote(f"{source}/absent.bin", f"{source}/short.bin", f"{source}/good.bin")
    path = files.fetch(file)
    assert path == tmp_path / "cache/set/good.bin"
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["good.bin"]
    assert files.fetch(remote("http://127.0.0.1:1/never-asked")) == path


def test_download_that_fails_everywhere_says_why_and_what_to_do(source: str, tmp_path: Path) -> None:
    files = Files(None, tmp_path / "cache")
    with pytest.raises(DatasetError, match=r"File not found.*short\.bin.*corrupt or incomplete.*--data-dir"):
        files.fetch(remote(f"{source}/absent.bin", f"{source}/short.bin"))
    assert not list((tmp_path / "cache/set").iterdir())


def test_file_without_an_address_has_to_be_put_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no public address is known\. Put the file into a folder"):
        Files(None, tmp_path).fetch(remote())
    assert Files(None, tmp_path).find(remote()) is None


def test_data_dir_comes_before_the_cache_and_a_corrupt_file_in_it_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/good.bin").write_bytes(CONTENT[:100])
    with pytest.raises(DatasetError, match=r"good\.bin is corrupt or incomplete \(100 bytes"):
        Files(tmp_path, tmp_path / "cache").fetch(remote())


def test_data_dir_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        Files.locate(tmp_path / "absent")


def test_iris_is_fishers() -> None:
    frame = iris.load(iris.Options(), Files(None, Path("unused")))
    assert frame.shape == (150, 5)
    assert frame.species.value_counts().to_dict() == {"setosa": 50, "versicolor": 50, "virginica": 50}


def test_mnist_is_the_original(data_dir: Path) -> None:
    images = mnist.load(mnist.Options(split="test"), Files(data_dir, Path("unused")))
    assert images.pixels.shape == (10_000, 28, 28, 1)
    assert images.pixels.dtype == np.uint8
    assert np.bincount(images.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.parametrize(("site", "count"), [("NYU", 222), ("KKI", 83), ("Brown_TestRelease", 26)])
def test_adhd200_site_comes_as_published(data_dir: Path, site: str, count: int) -> None:
    options = adhd200.Options.model_validate({"site": site})
    frame = adhd200.load(options, Files(data_dir, Path("unused")))
    assert len(frame) == count
    assert {"Age", "DX", "Full4 IQ", "Secondary Dx"} <= set(frame.columns)
    assert frame.isin(["-999", "N/A", "pending"]).to_numpy().any()


def test_adhd_recipe_keeps_whole_rows_with_readable_diagnoses(data_dir: Path) -> None:
    prepared = load(recipes.parse(recipes.read("adhd-vae")), data_dir)
    assert len(prepared.data) == 208
    assert prepared.data.diagnosis.value_counts().to_dict() == {
        "typically developing": 91,
        "ADHD combined": 76,
        "ADHD inattentive": 41,
    }
    assert prepared.data.full4_iq.between(40, 160).all()
    types = [column.type for column in prepared.decoder.schema.columns]  # type: ignore[union-attr]  # this one is a table
    assert types == [COLUMN_TYPE_DOUBLE, *[COLUMN_TYPE_INT64] * 4, COLUMN_TYPE_CATEGORY]


def idx(shape: tuple[int, ...], values: bytes, magic: bytes = b"\0\0\x08") -> bytes:
    return magic + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + values


def test_idx_is_read_with_the_shape_in_its_header(tmp_path: Path) -> None:
    path = tmp_path / "two.gz"
    path.write_bytes(gzip.compress(idx((2, 3), bytes(range(6)))))
    assert mnist.read_idx(path).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (gzip.compress(idx((2, 3), bytes(5))), "holds 5 values where its header tells 6"),
        (gzip.compress(idx((2, 3), bytes(6)))[:-9], "not a whole gzip file"),
        (gzip.compress(idx((2, 3), bytes(6), b"\0\0\x0d")), "not an IDX file"),
        (gzip.compress(b"\0"), "not an IDX file"),
        (b"<html>Not Found</html>", "not a whole gzip file"),
    ],
    ids=["short", "truncated", "floats", "tiny", "html"],
)
def test_idx_that_is_not_whole_is_an_error(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "bad.gz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=problem):
        mnist.read_idx(path)
