import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.pictures import folder, noise, put

from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sources.opening import open_source
from synthserve_training.errors import DatasetError


def read(path: Path, labels: str | None = None) -> tuple[dict[str, str | None], list[str]]:
    """The labels by the names of the pictures, and the lines about problems."""
    problems = Problems()
    found = {stored.name: stored.label for stored in open_source(str(path), labels).pictures(problems)}
    return found, problems.lines()


def test_sub_folders_are_labels(tmp_path: Path) -> None:
    source = open_source(str(folder(tmp_path, rose=2, tulip=2)))
    found, problems = read(tmp_path)
    assert found == {f"{label}/{number:03}.png": label for label in ("rose", "tulip") for number in range(2)}
    assert (len(source), source.labelled_by, problems) == (4, "sub-folders", [])


@pytest.mark.parametrize("above", ["data/", "train/", "TRAIN/deep/"])
def test_folders_above_the_labels_do_not_count(tmp_path: Path, above: str) -> None:
    folder(tmp_path / above, rose=3, tulip=3)
    assert set(read(tmp_path)[0].values()) == {"rose", "tulip"}


def test_folders_of_splits_do_not_count(tmp_path: Path) -> None:
    folder(tmp_path / "train", rose=2, tulip=2)
    folder(tmp_path / "test", rose=2, tulip=2)
    found, _ = read(tmp_path)
    assert len(found) == 8
    assert set(found.values()) == {"rose", "tulip"}


def test_folder_without_sub_folders_has_no_labels(tmp_path: Path) -> None:
    folder(tmp_path / "rose", **{".": 3})
    found, problems = read(tmp_path)
    assert set(found.values()) == {None}
    assert problems == []


def test_a_folder_for_each_picture_is_no_label(tmp_path: Path) -> None:
    folder(tmp_path, **{f"shot-{number}": 1 for number in range(6)})
    assert set(read(tmp_path)[0].values()) == {None}


def test_pictures_beside_the_sub_folders_are_left_out_and_named(tmp_path: Path) -> None:
    put(folder(tmp_path, rose=3, tulip=3) / "loose.png", noise(99))
    found, problems = read(tmp_path)
    assert len(found) == 6
    assert problems == [
        "loose.png: it has no label, as it is in no sub-folder: move it into one, or learn all without labels "
        '(labels = "none")'
    ]
    assert len(read(tmp_path, "none")[0]) == 7


TABLES = {
    "with a header": "file,label\na.png,x\nb.png,y\nc.png,x\nd.png,y\n",
    "in another order": "label;file\nx;a.png\ny;b.png\nx;c.png\ny;d.png\n",
    "of names without suffix": "image_id,breed\na,x\nb,y\nc,x\nd,y\n",
    "of paths, without a header": "./in/a.png,x\nin\\b.png,y\nin/c.png,x\nin/d.png,y\n",
    "with more columns": "file_name,width,label\na.png,8,x\nb.png,8,y\nc.png,8,x\nd.png,8,y\n",
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_table_in_the_folder_gives_labels(tmp_path: Path, text: str) -> None:
    for number, name in enumerate("abcd"):
        put(tmp_path / "in" / f"{name}.png", noise(number))
    put(tmp_path / "labels.csv", text.encode())
    found, problems = read(tmp_path)
    assert found == {"in/a.png": "x", "in/b.png": "y", "in/c.png": "x", "in/d.png": "y"}
    assert problems == []


def test_table_that_does_not_match_is_listed(tmp_path: Path) -> None:
    for number, name in enumerate("abcde"):
        put(tmp_path / f"{name}.png", noise(number))
    table = put(tmp_path / "elsewhere" / "kinds.csv", b"file,kind\na.png,x\nb.png,y\nc.png,x\nd.png,y\nz.png,y\n")
    found, problems = read(tmp_path, str(table))
    assert found == {"a.png": "x", "b.png": "y", "c.png": "x", "d.png": "y"}
    assert problems[0].startswith(f"z.png: {table} has a label for it, and there is no such file")
    assert problems[1].startswith(f"e.png: {table} has no label for it: add a row")


@pytest.mark.parametrize(
    ("given", "text", "why"),
    [
        ("absent.csv", "", "there is no such file of labels"),
        ("t.csv", "file,label\nq.png,x\n", "none of its cells is the name of a picture"),
        (
            "t.csv",
            "file,one,two\na.png,1,2\n",
            'which of its columns is the label\\? Say it, as labels = "t.csv:COLUMN"',
        ),
        ("t.csv:three", "file,one,two\na.png,1,2\n", "no column 'three': its columns are file, one, two"),
        ("folders", "", "its pictures are in no sub-folders"),
        ("t.csv", "\xff", "is not UTF-8"),
    ],
)
def test_labels_that_cannot_be_read_say_why(tmp_path: Path, given: str, text: str, why: str) -> None:
    put(tmp_path / "a.png", noise(0))
    put(tmp_path / "t.csv", text.encode("latin-1"))
    with pytest.raises(DatasetError, match=why):
        open_source(str(tmp_path), given)


def test_column_of_a_table_can_be_named(tmp_path: Path) -> None:
    put(tmp_path / "a.png", noise(0))
    put(tmp_path / "t.csv", b"file,one,two\na.png,1,2\n")
    assert read(tmp_path, "t.csv:two")[0] == {"a.png": "2"}


def test_other_files_are_counted_and_hidden_ones_are_not(tmp_path: Path) -> None:
    folder(tmp_path, rose=2)
    for name in ("notes.txt", "more.txt", "photo.HEIC", ".DS_Store", "._000.png", "__MACOSX/x.png", "Thumbs.db"):
        put(tmp_path / name, b"x")
    found, problems = read(tmp_path)
    assert len(found) == 2
    assert problems == [
        "photo.HEIC: files of the kind .heic are not read: convert it to JPEG or PNG",
        "*.txt and 1 more: by their names these are no pictures",
    ]


def test_file_without_a_suffix_is_a_picture_if_it_begins_like_one(tmp_path: Path) -> None:
    put(tmp_path / "0a1b", noise(0))
    put(tmp_path / "LICENSE", b"Do what you want")
    found, problems = read(tmp_path)
    assert list(found) == ["0a1b"]
    assert problems == ["LICENSE: it is no picture by its name and its first bytes"]


def test_file_like_a_licence_beside_labelled_pictures_is_not_one_without_a_label(tmp_path: Path) -> None:
    put(folder(tmp_path, rose=3, tulip=3) / "LICENSE", b"Do what you want")
    found, problems = read(tmp_path)
    assert len(found) == 6
    assert problems == ["files without a suffix: by their names these are no pictures"]


def test_links_in_a_circle_are_read_once_and_named(tmp_path: Path) -> None:
    folder(tmp_path, rose=2)
    (tmp_path / "rose" / "again").symlink_to(tmp_path)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "self").symlink_to("self")
    found, problems = read(tmp_path)
    assert len(found) == 2
    assert any(line.startswith("rose/again/: the link leads to a folder that is read already") for line in problems)
    assert any("the link leads nowhere" in line for line in problems)


def test_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, rose=2, secret=2, tulip=2)
    scandir = os.scandir

    def refusing(path: Any) -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # as the tests can run as root, who may read all
    found, problems = read(tmp_path)
    assert len(found) == 4
    assert problems == ["secret/: the folder cannot be read (Permission denied): change its permissions"]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "it is empty: put pictures into it"),
        ({"a.csv": b"x,y\n1,2\n", "b.csv": b"x\n"}, r"to learn a table give the file, such as .*/a\.csv"),
        ({"train-images-idx3-ubyte.gz": b""}, "none of its 1 files are pictures"),
    ],
)
def test_folder_without_pictures_says_what_to_do(tmp_path: Path, files: dict[str, bytes], why: str) -> None:
    for name, content in files.items():
        put(tmp_path / name, content)
    with pytest.raises(DatasetError, match=why):
        open_source(str(tmp_path))
