"""Variables around a server: its own, those of libraries, and those that are misspelt."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.fixtures.oip import Stub
from tests.fixtures.processes import SERVER, ServerProcess, log_with, running_server

from synthserve_server.services.oip import inference_pb2
from synthserve_server.settings import settings as config

COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


def events(server: ServerProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_with(server, "serving").splitlines()]


def refused(repository: Path, environment: dict[str, str], *flags: str) -> tuple[int, list[str]]:
    """Exit code and messages of a server that does not start."""
    done = subprocess.run(
        [*SERVER, "--model-repository", str(repository), "--device", "cpu", "--log-format", "json", *flags],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [line for line in done.stderr.splitlines() if not line.startswith("{")]


@pytest.mark.parametrize(
    ("value", "flags"), [("python", ()), ("python", ("--no-oip",)), ("cpp", ()), ("x", ()), ("", ())]
)
def test_the_choice_of_a_protobuf_stops_no_server(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, flags: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", value)
    with running_server(small, tmp_path / "log.txt", "--log-format", "json", *flags) as server:
        ignored = [event["value"] for event in events(server) if event["event"].startswith("variable ignored")]
        assert ignored == ([value] if value else [])
        if not flags:
            with grpc.insecure_channel(server.address) as channel:
                metadata = Stub(channel).ModelMetadata(inference_pb2.ModelMetadataRequest(name="tiny-table"))
                assert metadata.name == "tiny-table"


def test_empty_variables_are_as_ones_that_are_not_there(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in config.Settings.model_fields:
        monkeypatch.setenv(f"SYNTHSERVE_{name.upper()}", "")
    for name in ("POLARS_MAX_THREADS", "GRPC_VERBOSITY", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER"):
        monkeypatch.setenv(name, "")
    with running_server(small, tmp_path / "log.txt") as server:
        assert "failed=0" in log_with(server, "serving")


def test_misspelt_variables_are_told(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SYNTHSERVE_WROKERS", "SYNTHSERVE_CLIENT_TOKEN_FILE", "SYNTHSERVE_SERVER"):
        monkeypatch.setenv(name, "1")
    with running_server(small, tmp_path / "log.txt", "--log-format", "json") as server:
        told = [event for event in events(server) if event["event"] == "unknown variable"]
    assert [(event["name"], event["did_you_mean"], event["level"]) for event in told] == [
        ("SYNTHSERVE_WROKERS", "SYNTHSERVE_WORKERS", "warning")
    ]


def test_misspelt_callers_of_limits_are_told(small: Path, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"reporting {'a' * 64}\n")
    file = tmp_path / "server.toml"
    file.write_text(f'token_file = "{tmp_path}/tokens"\n[limits.Reporting]\nmax_count = 1\n[limits.reporting]\n')
    with running_server(small, tmp_path / "log.txt", "--config", str(file), "--log-format", "json") as server:
        told = [event for event in events(server) if event["event"].startswith("limits for an unknown caller")]
    assert [(event["name"], event["did_you_mean"]) for event in told] == [("Reporting", "reporting")]


def test_a_setting_of_the_file_is_named_with_the_file(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("wrokers = 3\n[limits.trial]\nmax_stream = 1\n")
    assert refused(small, {}, "--config", str(file)) == (
        2,
        [
            f"synthserve-server: {file}: [limits.trial] has no max_stream; did you mean max_streams?",
            f"synthserve-server: {file}: there is no setting wrokers; did you mean workers?",
        ],
    )
    assert refused(small, {"SYNTHSERVE_LIMITS": "{"}) == (
        2,
        ["synthserve-server: SYNTHSERVE_LIMITS: must be a JSON object; or write sections [limits.NAME] into the file"],
    )
    assert refused(small, {}, "--config", "/proc/self/mem") == (
        2,
        ["synthserve-server: the settings file: /proc/self/mem cannot be read: Input/output error"],
    )


@pytest.mark.parametrize(
    ("environment", "beginning"),
    [
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            "OTEL_EXPORTER_OTLP_PROTOCOL is 'http/protobuf', but this server sends traces only by OTLP over gRPC: ",
        ),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "0"}, "traces cannot be sent as OTEL_BSP_MAX_QUEUE_SIZE, "),
        (
            {"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"},
            "traces cannot be sent as OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[::1"}, "traces cannot be sent as OTEL_EXPORTER_OTLP_ENDPOINT say: "),
    ],
)
def test_traces_that_cannot_be_sent_are_refused_by_name(
    small: Path, environment: dict[str, str], beginning: str
) -> None:
    code, (line,) = refused(small, COLLECTOR | environment, "--listen", "127.0.0.1:0")
    assert code == 1
    assert line.startswith(f"synthserve-server: {beginning}")


def test_variables_of_traces_that_are_wrong_are_told_in_a_line(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (COLLECTOR | {"OTEL_BSP_SCHEDULE_DELAY": "soon", "OTEL_TRACES_SAMPLER": "some"}).items():
        monkeypatch.setenv(name, value)
    with running_server(small, tmp_path / "log.txt") as server:
        log = log_with(server, "serving ")
    assert "OTEL_BSP_SCHEDULE_DELAY" in log
    assert "ValueError: invalid literal for int() with base 10: 'soon'" in log
    assert "Traceback" not in log


def test_nobody_minds_how_traces_are_sent_that_nobody_wants(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    with running_server(small, tmp_path / "log.txt") as server:
        assert "sending traces" not in log_with(server, "serving ")
