"""What is said of settings that are wrong."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from synthserve_server.limits.settings import without_caller
from synthserve_server.settings import problems
from synthserve_server.settings import settings as config

COUNTS = "max_streams, max_count, rows_per_second, images_per_second"


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in config.Settings.model_fields:
        monkeypatch.delenv(f"SYNTHSERVE_{name.upper()}", raising=False)
    monkeypatch.setenv("SYNTHSERVE_MODEL_REPOSITORY", str(tmp_path))


def lines(flags: dict[str, object], environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        config.load(flags)
    return problems.lines(caught.value, flags, environment or {})


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("wrokers = 3", "there is no setting wrokers; did you mean workers?"),
        ("grace-seconds = 3", "there is no setting grace-seconds; did you mean grace_seconds?"),
        ("colour = 'red'", "there is no setting colour"),
        ("[limit.trial]\nmax_count = 1", "there is no section [limit]; did you mean [limits.NAME]?"),
        (
            "[server]\nworkers = 3",
            "there is no section [server]: settings belong above all sections, limits of one caller in [limits.NAME]",
        ),
        ("[limits.trial]\nmax_cuont = 1", "[limits.trial] has no max_cuont; did you mean max_count?"),
        (
            "[limits.trial]\nmax_count = 1\nworkers = 2",
            "[limits.trial] has no workers: it is a setting of the server, and belongs above all sections",
        ),
        ("[limits.trial]\nspeed = 1", f"[limits.trial] has no speed; there are {COUNTS}"),
        ("limits = 5", "limits must be sections, [limits.NAME]"),
        ("limits = []", "limits must be sections, [limits.NAME]"),
        ("[[limits.trial]]\nmax_count = 1", "limits.trial must be a section, [limits.trial]"),
        ("[limits]\ntrial = 5", "limits.trial must be a section, [limits.trial]"),
        (
            '[limits.trial]\nmax_count = "many"',
            "[limits.trial] max_count: Input should be a valid integer, unable to parse string as an integer, or "
            '"unlimited"',
        ),
        (
            "[limits.trial]\nmax_count = 0",
            '[limits.trial] max_count: Input should be greater than or equal to 1, or "unlimited"',
        ),
        ("workers = 0", "workers: Input should be greater than or equal to 1"),
        ("workers = [4]", "workers: Input should be a valid integer"),
        ("listen = 50051", "listen: Input should be a valid string"),
        ("grace_seconds = inf", "grace_seconds: Input should be a finite number"),
    ],
)
def test_a_setting_in_the_file_is_named_with_the_file(tmp_path: Path, toml: str, line: str) -> None:
    file = tmp_path / "server.toml"
    file.write_text(toml)
    assert lines({"config": file}) == [f"{file}: {line}"]


def test_all_that_is_wrong_is_told_with_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "server.toml"
    file.write_text("max_streams = 0\nwrokers = 3\n")
    monkeypatch.setenv("SYNTHSERVE_LISTEN", "h:99999")
    environment = {"synthserve_listen": "h:99999", "SYNTHSERVE_LOG_FORMAT": ""}
    assert lines({"config": file, "log_format": "xml"}, environment) == [
        "SYNTHSERVE_LISTEN: must be HOST:PORT: the port is a number from 0 (a free one) to 65535, not '99999'",
        f"{file}: max_streams: Input should be greater than or equal to 1",
        "log_format: Input should be 'text' or 'json'",
        f"{file}: there is no setting wrokers; did you mean workers?",
    ]


def test_what_is_missing_stands_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNTHSERVE_MODEL_REPOSITORY")
    file = tmp_path / "server.toml"
    file.touch()
    assert lines({"config": file}) == ["model_repository: Field required"]


@pytest.mark.parametrize("name", sorted(set(config.Settings.model_fields) - {"model_repository"}))
def test_an_empty_variable_is_one_that_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = config.load({})
    monkeypatch.setenv(f"SYNTHSERVE_{name.upper()}", "")
    assert config.load({}) == without


def test_misspelt_variables_are_told_and_those_of_others_are_not() -> None:
    environment = dict.fromkeys(
        [
            "SYNTHSERVE_WROKERS",
            "synthserve_grace_second",
            "SYNTHSERVE_TOKENFILE",
            "SYNTHSERVE_WORKERS",
            "SYNTHSERVE_LIMITS",
            "SYNTHSERVE_TLS_CERTIFICATES",
            # Of the client:
            "SYNTHSERVE_SERVER",
            "SYNTHSERVE_TLS_CA",
            "SYNTHSERVE_TOKEN_FILE",
            "SYNTHSERVE_CLIENT_TOKEN_FILE",
            "SYNTHSERVE_TLS_CLIENT_CERTIFICATE",
            "SYNTHSERVE_TLS_CLIENT_KEY",
            # Of others:
            "SYNTHSERVE_DATA",
            "SYNTHSERVE_FAULT_TIMES",
            "SYNTHSERVE_SOMETHING_ELSE",
            "WROKERS",
        ],
        "1",
    )
    assert dict(problems.misspelt_variables(environment)) == {
        "SYNTHSERVE_WROKERS": "SYNTHSERVE_WORKERS",
        "synthserve_grace_second": "SYNTHSERVE_GRACE_SECONDS",
        "SYNTHSERVE_TOKENFILE": "SYNTHSERVE_TOKEN_FILE",
        "SYNTHSERVE_TLS_CERTIFICATES": "SYNTHSERVE_TLS_CERTIFICATE",
    }


def test_limits_of_nobody() -> None:
    settings = config.load({"limits": {"Reporting": {"max_count": 1}, "trial": {}, "someone": {}}})
    assert list(without_caller(settings, ["reporting", "trial"])) == [("Reporting", "reporting"), ("someone", None)]


SECONDS = [
    "repository_poll_seconds",
    "warm_up_seconds",
    "jwks_refresh_seconds",
    "drain_delay_seconds",
    "grace_seconds",
    "max_connection_age_seconds",
]
COUNTED = [
    "max_manifest_bytes",
    "max_graph_bytes",
    "workers",
    "max_count",
    "max_streams",
    "max_streams_per_caller",
    "encoding_processes",
]
RATES = ["rows_per_second", "images_per_second", "rows_per_second_per_caller", "images_per_second_per_caller"]


def is_number(kind: object) -> bool:
    return kind in (int, float) or any(map(is_number, get_args(kind)))


def test_every_number_among_the_settings_is_known_here() -> None:
    numbers = {name for name, field in config.Settings.model_fields.items() if is_number(field.annotation)}
    assert numbers == {*SECONDS, *COUNTED, *RATES}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in (*SECONDS, *RATES) for value in (1e300, float("inf"), float("nan"), -1, 2**63)]
    + [(name, value) for name in COUNTED for value in (10**400, 2**63, -1)]
    + [("workers", 10**9), ("encoding_processes", 10**9), ("max_graph_bytes", 1 << 40), ("grace_seconds", 2_147_484)]
    + [("repository_poll_seconds", 1e-300), ("max_connection_age_seconds", 1e-9)],
)
def test_a_number_that_a_library_could_not_take_is_refused_by_name(name: str, value: float) -> None:
    (line,) = lines({name: value})
    assert line.startswith(f"{name}: Input should be ")
