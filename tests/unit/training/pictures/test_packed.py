import gzip
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from tests.fixtures.pictures import encoded, folder, noise, put

from synthserve_training.data.pictures.decoding import open_picture
from synthserve_training.data.pictures.kinds import holds_pictures
from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sources.opening import open_source
from synthserve_training.errors import DatasetError

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 9, 7), np.uint8)
COLOURS = np.random.default_rng(0).integers(0, 256, (6, 9, 7, 3), np.uint8)
CODES = np.array([3, 1, 4, 1, 5, 9])


def read(path: Path, labels: str | None = None) -> tuple[NDArray[np.uint8], list[str | None], list[str]]:
    """Pixels, labels and the lines about problems."""
    problems = Problems()
    found = list(open_source(str(path), labels).pictures(problems))
    return (
        np.array([np.asarray(open_picture(each.content)) for each in found]),
        [e.label for e in found],
        problems.lines(),
    )


def hugging_face(path: Path, *, names: list[str] | None = None, column: str = "label", start: int = 0) -> Path:
    """As Hugging Face's datasets are written."""
    codes = [(start + number) % 3 for number in range(4)]
    cells = [{"bytes": encoded(noise(start + number)), "path": f"{number}.png"} for number in range(4)]
    table = pa.table({"image": cells, column: codes})
    if names:
        features = {"image": {"_type": "Image"}, column: {"_type": "ClassLabel", "names": names}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def test_parquet_has_pictures_and_names_of_classes(tmp_path: Path) -> None:
    path = hugging_face(tmp_path / "p.parquet", names=["cat", "dog", "cow"], column="animal")
    pixels, labels, problems = read(path)
    np.testing.assert_array_equal(pixels[1], np.asarray(noise(1)))
    assert (labels, problems) == (["cat", "dog", "cow", "cat"], [])
    assert open_source(str(path)).labelled_by == "column animal"
    assert read(path, "none")[1] == [None] * 4


def test_parquet_without_names_has_the_numbers(tmp_path: Path) -> None:
    assert read(hugging_face(tmp_path / "p.parquet"))[1] == ["0", "1", "2", "0"]


@pytest.mark.parametrize("address", [".", "*.parquet"])
def test_parquet_in_several_files_is_one_set(tmp_path: Path, address: str) -> None:
    for number in range(2):
        hugging_face(tmp_path / f"train-{number:05}-of-00002.parquet", start=4 * number)
    problems = Problems()
    found = list(open_source(str(tmp_path / address)).pictures(problems))
    assert [each.name for each in found][3:5] == [
        "train-00000-of-00002.parquet, row 4",
        "train-00001-of-00002.parquet, row 1",
    ]
    assert len(open_source(str(tmp_path / address))) == len(found) == 8


def test_parquet_of_plain_bytes_and_missing_cells(tmp_path: Path) -> None:
    cells = [encoded(noise(0)), None, encoded(noise(2)), encoded(noise(3))]
    pq.write_table(pa.table({"image": cells, "label": ["a", "b", None, "a"]}), tmp_path / "p.parquet")
    pixels, labels, problems = read(tmp_path / "p.parquet")
    assert (len(pixels), labels) == (2, ["a", "a"])
    assert problems == [
        "row 2: it has no picture: remove the row",
        'row 3: it has no label: add it, or learn all without labels (labels = "none")',
    ]


def test_parquet_that_is_damaged_gives_what_is_before(tmp_path: Path) -> None:
    path = hugging_face(tmp_path / "p.parquet")
    whole = bytearray(path.read_bytes())
    whole[40:400] = bytes(360)
    path.write_bytes(whole)
    assert "from here on the file is damaged" in read(path)[2][0]


def test_unknown_column_is_an_error_that_names_the_one_meant(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no column 'lable' of labels: did you mean label\\?"):
        open_source(str(hugging_face(tmp_path / "p.parquet")), "lable")


def idx(path: Path, values: NDArray[np.uint8], *, packed: bool) -> Path:
    """Writes an IDX file."""
    content = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()
    return put(path, gzip.compress(content) if packed else content)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_finds_its_labels(tmp_path: Path, packed: bool) -> None:
    suffix = ".gz" if packed else ""
    path = idx(tmp_path / f"train-images-idx3-ubyte{suffix}", PIXELS, packed=packed)
    idx(tmp_path / f"train-labels-idx1-ubyte{suffix}", CODES.astype(np.uint8), packed=packed)
    pixels, labels, problems = read(path)
    np.testing.assert_array_equal(pixels, PIXELS)
    assert (labels, problems) == ([str(code) for code in CODES], [])
    assert holds_pictures(str(path))
    assert read(path, "none")[1] == [None] * 6


def test_idx_that_ends_early_gives_what_is_before(tmp_path: Path) -> None:
    path = idx(tmp_path / "images", PIXELS, packed=False)
    path.write_bytes(path.read_bytes()[:-70])
    pixels, _, problems = read(path)
    np.testing.assert_array_equal(pixels, PIXELS[:4])
    assert problems == [
        "picture 5 and 1 more: from here on the file is damaged (its end is missing): copy or download it again"
    ]


def test_labels_of_another_number_are_an_error(tmp_path: Path) -> None:
    path = idx(tmp_path / "images-idx3", PIXELS, packed=False)
    idx(tmp_path / "labels-idx1", CODES[:4].astype(np.uint8), packed=False)
    with pytest.raises(DatasetError, match=r'it has 4 labels for 6 pictures: .* labels = "none"'):
        open_source(str(path))
    with pytest.raises(DatasetError, match="it holds labels: give the file of the pictures"):
        open_source(str(tmp_path / "labels-idx1"))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    ("pictures", "expected"),
    [
        (PIXELS, PIXELS),
        (COLOURS, COLOURS),
        (COLOURS.transpose(0, 3, 1, 2), COLOURS),
        (PIXELS / np.float32(255), PIXELS),
        (PIXELS.astype(np.float64), PIXELS),
        (PIXELS.astype(np.int64), PIXELS),
        (PIXELS.astype(np.uint16) * np.uint16(257), PIXELS),
        (PIXELS > 99, (PIXELS > 99) * np.uint8(255)),
    ],
)
def test_npz_of_any_levels(tmp_path: Path, save: Any, pictures: NDArray[Any], expected: NDArray[np.uint8]) -> None:
    save(tmp_path / "p.npz", images=pictures, labels=CODES[:, None], weights=np.ones(6))
    pixels, labels, problems = read(tmp_path / "p.npz")
    np.testing.assert_array_equal(pixels, expected)
    assert (labels, problems) == ([str(code) for code in CODES], [])


def test_npz_of_two_splits_gives_that_for_training(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "p.npz", x_test=COLOURS[:5], y_test=CODES[:5], x_train=PIXELS[:5], y_train=np.array(list("abcde"))
    )
    pixels, labels, problems = read(tmp_path / "p.npz")
    np.testing.assert_array_equal(pixels, PIXELS[:5])
    assert labels == list("abcde")
    assert problems == ["x_test: the array is left out, as x_train is read: save it to a file of its own"]


@pytest.mark.parametrize(
    ("arrays", "labels", "why"),
    [
        ({"table": np.ones((5, 3))}, None, r"no array of pictures.* Arrays: table \[5, 3\]"),
        ({"x": np.asfortranarray(PIXELS)}, None, "Fortran order: save np.ascontiguousarray of it"),
        ({"x": PIXELS, "y": CODES}, "z", "'z' is no array of 6 labels; those are: y"),
    ],
)
def test_npz_without_pictures_says_why(tmp_path: Path, arrays: dict[str, Any], labels: str | None, why: str) -> None:
    np.savez(tmp_path / "p.npz", **arrays)
    with pytest.raises(DatasetError, match=why):
        open_source(str(tmp_path / "p.npz"), labels)


@pytest.mark.parametrize("values", [PIXELS - 100.0, PIXELS * np.float32("nan"), PIXELS * 1e6])
def test_npz_whose_values_are_no_levels_says_so(tmp_path: Path, values: NDArray[Any]) -> None:
    np.savez(tmp_path / "p.npz", x=values)
    with pytest.raises(DatasetError, match="its values are no levels"):
        read(tmp_path / "p.npz")


def zipped(path: Path, top: Path) -> Path:
    """A folder as an archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(top.rglob("*.*")):
            archive.write(file, file.relative_to(top))
    return path


def test_zip_is_read_as_the_folder_is(tmp_path: Path) -> None:
    top = folder(tmp_path / "photos", rose=2, tulip=2)
    put(top / "__MACOSX" / "rose" / "._000.png", b"x")
    path = zipped(tmp_path / "photos.zip", top)
    pixels, labels, problems = read(path)
    np.testing.assert_array_equal(pixels[3], np.asarray(noise(3)))
    assert (labels, problems) == (["rose", "rose", "tulip", "tulip"], [])
    assert holds_pictures(str(path))


def test_damaged_member_of_a_zip_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "photos.zip", folder(tmp_path / "photos", rose=2, tulip=2))
    content = bytearray(path.read_bytes())
    content[content.index(b"tulip/000.png") + 60] ^= 255
    path.write_bytes(content)
    pixels, _, problems = read(path)
    assert len(pixels) == 3
    assert problems[0].startswith("tulip/000.png: it is damaged in the archive")
    path.write_bytes(content[:-30])
    with pytest.raises(DatasetError, match="holds no pictures"):
        open_source(str(path))


def test_tables_are_no_pictures(tmp_path: Path) -> None:
    put(tmp_path / "t.csv", b"file,label\na.png,x\n")
    pq.write_table(pa.table({"name": ["a"], "data": [b"x"]}), tmp_path / "t.parquet")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("t.csv", "a,b\n1,2\n")
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/media/logo.png", encoded(noise(0)))
    for name in ("t.csv", "t.parquet", "t.zip", "t.xlsx", "absent", "*.csv"):
        assert not holds_pictures(str(tmp_path / name))
    for address in ("-", "s3://bucket/photos", "postgresql://host/db"):
        assert not holds_pictures(address)


def test_one_picture_is_no_set(tmp_path: Path) -> None:
    path = put(tmp_path / "a.png", noise(0))
    assert holds_pictures(str(path))
    with pytest.raises(DatasetError, match="it is one picture: give the folder of all pictures"):
        open_source(str(path))
