import pytest

from synthserve_server.telemetry.setup import wants_traces

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"}


@pytest.mark.parametrize(
    ("endpoint", "environment", "wanted"),
    [
        (None, {}, False),
        ("http://collector:4317", {}, True),
        (None, ENDPOINT, True),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4317"}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (None, {**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
        ("http://collector:4317", {"OTEL_SDK_DISABLED": "True"}, False),
        (None, {**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        (None, {**ENDPOINT, "OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
)
def test_traces_are_sent_where_they_are_asked_for(
    endpoint: str | None, environment: dict[str, str], wanted: bool
) -> None:
    assert wants_traces(endpoint, environment) is wanted
