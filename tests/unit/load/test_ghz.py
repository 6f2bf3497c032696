import json
from pathlib import Path

import pytest
from tests.load.open_loop import ghz, profiles
from tests.load.open_loop.ghz import GhzError
from tests.load.open_loop.profiles import Profile
from tests.load.open_loop.target import Target

RECORDED = Path(__file__).with_name("ghz-report.json")
"""What ghz v0.121.0 wrote about twelve calls of a real server, two of which had not the time."""


@pytest.fixture
def profile() -> Profile:
    return profiles.Profile.model_validate(
        {"title": "t", "call": {"method": "GenerateRows", "model": "iris-vae", "count": 1000}}
    )


def test_a_report_is_read() -> None:
    found = ghz.read(RECORDED.read_text(), 4)
    latencies = sorted(
        call["latency"] for call in json.loads(RECORDED.read_text())["details"] if call["status"] == "OK"
    )
    assert found.outcomes == {"OK": 10, "DeadlineExceeded": 2}
    assert found.whole is not None
    assert found.whole.most == latencies[-1] / 1e9
    assert found.whole.p50 == latencies[4] / 1e9
    assert found.answered_rate == pytest.approx(10 / (json.loads(RECORDED.read_text())["total"] / 1e9))
    assert found.rate == 4


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"details": [{}], "total": 1}', '{"details": null, "total": 1}'])
def test_what_is_no_report_is_refused(report: str) -> None:
    with pytest.raises(GhzError, match="its report"):
        ghz.read(report, None)


def test_arguments_of_an_open_target(profile: Profile) -> None:
    found = ghz.arguments(Target("127.0.0.1:1"), profile, 3.0, 50, Path("metadata.json"))
    text = " ".join(found)
    assert "--insecure --async --rps 50 " in text
    assert "--call synthserve.v1.GenerationService/GenerateRows" in text
    assert json.loads(found[found.index("--data") + 1]) == {
        "model": "models/iris-vae",
        "count": "1000",
        "seed": "7",
        "format": "ROW_FORMAT_COLUMNS",
    }
    assert found[-1] == "127.0.0.1:1"


def test_arguments_of_a_secured_target_have_no_token(profile: Profile, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret-of-mine")
    target = Target("127.0.0.1:1", tls=True, ca=Path("ca.pem"), token_file=token)
    found = ghz.arguments(target, profile, 3.0, None, Path("metadata.json"))
    assert "--insecure" not in found
    assert found[:2] == ["--cacert", str(Path("ca.pem").absolute())]
    assert "--concurrency" in found
    assert "secret-of-mine" not in " ".join(found)


def test_without_go_it_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ghz, "BINARY", tmp_path / "ghz")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GhzError, match="there is no command `go`"):
        ghz.install(print)


def test_a_build_that_fails_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho 'no such module' >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setattr(ghz, "BINARY", tmp_path / "tools" / "ghz")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(GhzError, match="no such module"):
        ghz.install(print)
