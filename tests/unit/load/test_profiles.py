from pathlib import Path

import pytest
from tests.load.open_loop import calls, profiles
from tests.load.open_loop.__main__ import PROFILES
from tests.load.open_loop.errors import ProfileError

from synthserve.v1 import generation_pb2

GOOD = """
title = "rows"
[call]
method = "GenerateRows"
model = "tiny-table"
count = 100
format = "csv"
conditions = { species = "setosa" }
[load]
start_rate = 50
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "profile.toml"
    file.write_text(text)
    return file


def test_a_profile_says_what_is_called(tmp_path: Path) -> None:
    profile = profiles.read(written(tmp_path, GOOD))
    request = calls.request(profile.call, 9)
    assert request == generation_pb2.GenerateRowsRequest(
        model="models/tiny-table",
        count=100,
        seed=9,
        conditions=[generation_pb2.Condition(column="species", equals="setosa")],
        format=generation_pb2.ROW_FORMAT_CSV,
    )
    assert calls.method(profile.call).path == "/synthserve.v1.GenerationService/GenerateRows"
    assert profile.samples == 100
    assert profile.load.start_rate == 50


def test_a_version_can_be_named() -> None:
    assert calls.resource("models/m/versions/2") == "models/m/versions/2"


def test_every_request_has_a_seed_of_its_own(tmp_path: Path) -> None:
    call = profiles.read(written(tmp_path, GOOD)).call
    assert len(set(calls.serialised(call, range(50)))) == 50


@pytest.mark.parametrize("file", sorted(PROFILES.glob("*.toml")), ids=lambda file: file.stem)
def test_the_profiles_that_are_shipped_are_right(file: Path) -> None:
    assert profiles.read(file).title


def test_there_are_unary_and_streaming_profiles() -> None:
    streaming = {calls.method(profiles.read(file).call).streaming for file in PROFILES.glob("*.toml")}
    assert streaming == {True, False}


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("count = 100", "count = 0", "call.count: Input should be greater than or equal to 1"),
        ("count = 100", "", "call.count: Field required"),
        ("count = 100", "count = 100\ncuont = 1", "call.cuont: Extra inputs are not permitted"),
        ('"csv"', '"xml"', "call.format: Input should be 'columns', 'arrow', 'csv' or 'json_lines'"),
        ('"GenerateRows"', '"Generate"', "'GetModel', 'GenerateRows', 'GenerateImages'"),
        ("start_rate = 50", "start_rate = -1", "load.start_rate: Input should be greater than 0"),
        ("start_rate = 50", "start_rate = inf", "load.start_rate: Input should be"),
        ("start_rate = 50", 'arrivals = "often"', "load.arrivals: Input should be 'poisson' or 'constant'"),
        ("[load]", "[knee]\np99_factor = 1\n[load]", "knee.p99_factor: Input should be greater than 1"),
        ("[load]", "[lode]", "lode: Extra inputs are not permitted"),
        ("[load]", "[load", "not TOML"),
    ],
)
def test_what_is_wrong_with_a_profile_is_said_with_its_field(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    file = written(tmp_path, GOOD.replace(was, becomes))
    with pytest.raises(ProfileError) as caught:
        profiles.read(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_profile_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="No such file"):
        profiles.read(tmp_path / "none.toml")
