import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthserve_training.data.datasets import flowers102, mnist
from synthserve_training.data.files import Files
from synthserve_training.errors import DatasetError

ARCHIVE = Path("flowers.zip")


def jpeg(width: int = 64, height: int = 64, colour: tuple[int, int, int] = (200, 30, 90)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "jpeg", quality=95)
    return stream.getvalue()


def test_images_are_put_in_the_order_of_their_numbers() -> None:
    members = [("jpg/image_00002.jpg", jpeg(colour=(0, 0, 250))), ("jpg/image_00001.jpg", jpeg(colour=(250, 0, 0)))]
    pixels = flowers102.decode(members, ARCHIVE, count=2)
    assert pixels.shape == (2, 64, 64, 3)
    assert pixels[:, 0, 0].argmax(axis=1).tolist() == [0, 2]


def test_original_is_cropped_to_its_middle_and_downsampled() -> None:
    wide = Image.new("RGB", (700, 500), (0, 0, 0))
    wide.paste((240, 240, 240), (100, 0, 600, 500))
    stream = io.BytesIO()
    wide.save(stream, "jpeg", quality=95)
    (pixels,) = flowers102.decode([("image_00001.jpg", stream.getvalue())], ARCHIVE, count=1)
    assert pixels.min() > 200


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ([("image_00001.jpg", jpeg())], "holds 1 of 2 images"),
        ([("image_00003.jpg", jpeg())], "holds image_00003.jpg, which is not one of its 2 images"),
        ([("image_00001.jpg", jpeg()), ("image_00001.jpg", jpeg())], "not one of its"),
        ([("rose.jpg", jpeg())], "holds rose.jpg"),
        ([("image_00001.jpg", b"<html>")], "image_00001.jpg in flowers.zip is not a whole image"),
        ([("image_00001.jpg", jpeg()[:300])], "not a whole image"),
    ],
    ids=["missing", "beyond", "twice", "other", "html", "truncated"],
)
def test_archive_that_is_not_whole_is_an_error(members: list[tuple[str, bytes]], problem: str) -> None:
    with pytest.raises(DatasetError, match=problem):
        flowers102.decode(members, ARCHIVE, count=2)


def test_broken_archives_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(b"neither zip nor tar")
    with pytest.raises(DatasetError, match="not a whole zip"):
        list(flowers102._unzip(path))
    with pytest.raises(DatasetError, match=r"not a whole tar\.gz"):
        list(flowers102._untar(path))


def test_both_archives_give_only_their_images(tmp_path: Path) -> None:
    content = jpeg()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("jpg/image_00001.jpg", content)
        archive.writestr("labels.csv", "file,label,split")
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as tar:
        member = tarfile.TarInfo("jpg/image_00001.jpg")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    assert list(flowers102._unzip(tmp_path / "a.zip")) == [("jpg/image_00001.jpg", content)]
    assert list(flowers102._untar(tmp_path / "a.tgz")) == [("jpg/image_00001.jpg", content)]


def test_flowers_are_the_originals_and_decoded_once(data_dir: Path, tmp_path: Path) -> None:
    files = Files(data_dir, tmp_path)
    images = flowers102.load(flowers102.Options(), files)
    assert images.pixels.shape == (8189, 64, 64, 3)
    assert np.bincount(images.labels).shape == (102,)
    assert (np.bincount(images.labels).min(), np.bincount(images.labels).max()) == (40, 258)
    (cached,) = (tmp_path / "flowers102").iterdir()
    changed = cached.stat().st_mtime_ns
    train = flowers102.load(flowers102.Options(split="train"), files)
    assert len(train.labels) == 1020
    assert cached.stat().st_mtime_ns == changed
    cached.write_bytes(b"damaged")
    np.testing.assert_array_equal(flowers102.load(flowers102.Options(split="train"), files).pixels, train.pixels)


def test_held_out_is_what_is_not_trained_on() -> None:
    assert flowers102.held_out(flowers102.Options()) is None
    assert flowers102.held_out(flowers102.Options(split="train")) == flowers102.Options(split="test")
    assert mnist.held_out(mnist.Options()) == mnist.Options(split="test")
    assert mnist.held_out(mnist.Options(split="test")) is None
