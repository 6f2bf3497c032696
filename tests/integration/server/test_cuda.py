"""The shipped models on a GPU: the same samples however they are asked for, and those of the CPU but for rounding."""

import threading
from pathlib import Path

import numpy as np
import pytest
from scripts.server_process import running_server

import synthserve
from synthserve_core.compute import devices
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU, Devices, Provider
from synthserve_core.compute.sampler import Draw, sample, sample_together
from synthserve_core.contract.model import IMAGE, Arrays, Image
from synthserve_core.packages.reading import load_package

CUDA = Devices(Provider.CUDA)
pytestmark = pytest.mark.skipif(devices.choose("auto")[0] == CPU, reason="needs an NVIDIA GPU")

REPOSITORY = Path(__file__).parents[3] / "exported"
PACKAGES = sorted(path.parent for path in REPOSITORY.glob("*/*/manifest.json"))
SEED = 7
BATCHES = 40


@pytest.fixture(scope="module", params=PACKAGES, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def folder(request: pytest.FixtureRequest) -> Path:
    chosen: Path = request.param
    return chosen


def load(folder: Path, where: Devices = CUDA) -> Draw:
    package = load_package(folder, where)
    assert package.session.devices == where
    return Draw(package.model, package.session, SEED, 0, 0)


def draw(whole: Draw, start: int, count: int) -> Draw:
    return Draw(whole.model, whole.graph, SEED, start, count)


def get(whole: Draw, start: int, count: int) -> Arrays:
    return sample(draw(whole, start, count), Cancellation())


@pytest.fixture(scope="module")
def whole(folder: Path) -> Draw:
    return load(folder)


@pytest.fixture(scope="module")
def expected(whole: Draw) -> Arrays:
    return get(whole, 0, BATCHES * whole.model.batch_size)


def differing(actual: Arrays, expected: Arrays, start: int = 0) -> int:
    """How many samples differ in any bit."""
    size = len(next(iter(actual.values())))
    wrong = np.zeros(size, np.bool_)
    for name, array in actual.items():
        other = np.ascontiguousarray(expected[name][start : start + size])
        bits = np.ascontiguousarray(array).view(np.uint8).reshape(size, -1)
        wrong |= (bits != other.view(np.uint8).reshape(size, -1)).any(axis=1)
    return int(wrong.sum())


def test_samples_do_not_depend_on_how_they_are_cut(whole: Draw, expected: Arrays) -> None:
    generator = np.random.default_rng(0)
    total = len(next(iter(expected.values())))
    for _ in range(200):
        start = int(generator.integers(0, total))
        count = int(generator.integers(1, min(total - start, 2 * whole.model.batch_size) + 1))
        assert differing(get(whole, start, count), expected, start) == 0, (start, count)


def test_samples_do_not_depend_on_who_shares_their_run(whole: Draw, expected: Arrays) -> None:
    generator = np.random.default_rng(1)
    total, batch = len(next(iter(expected.values()))), whole.model.batch_size
    for _ in range(50):
        starts = generator.integers(0, total - 4, size=batch // 8)
        together = sample_together([draw(whole, int(start), 4) for start in starts], Cancellation())
        for start, actual in zip(starts, together, strict=True):
            assert differing(actual, expected, int(start)) == 0


def test_another_session_gives_the_same_samples(folder: Path, expected: Arrays) -> None:
    again = get(load(folder), 0, len(next(iter(expected.values()))))
    assert differing(again, expected) == 0


def test_threads_do_not_disturb_each_other(whole: Draw, expected: Arrays) -> None:
    total = len(next(iter(expected.values())))
    wrong: list[int] = []

    def work() -> None:
        wrong.append(differing(get(whole, 0, total), expected))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [0] * 8


def test_samples_are_those_of_the_cpu_but_for_rounding(folder: Path, whole: Draw, expected: Arrays) -> None:
    total = min(4096, len(next(iter(expected.values()))))
    cpu = get(load(folder, CPU), 0, total)
    if isinstance(whole.model.output, Image):
        assert np.abs(cpu[IMAGE].astype(int) - expected[IMAGE][:total].astype(int)).max() <= 1
    else:
        assert differing(cpu, expected) <= 0.001 * total


def test_a_server_on_the_gpu_gives_what_another_gives(tmp_path: Path) -> None:
    found = []
    for number in range(2):
        with (
            running_server(REPOSITORY, tmp_path / f"{number}.txt", "--device", "cuda") as server,
            synthserve.Client(server.address) as client,
        ):
            images = client.images("flowers-wgan-gp-ema", count=40, seed=SEED, format="raw")
            rows = client.rows("iris-vae", count=1000, seed=SEED)
            found.append(([image.bytes for image in images], rows.to_pandas()))
        assert "device=cuda:0" in (tmp_path / f"{number}.txt").read_text()
    (one, table), (other, same) = found
    assert one == other
    assert table.equals(same)
