"""What is counted, and that nothing asks for what is not."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from synthserve_core.compute.timings import Run, Timings
from synthserve_server.models.states import State
from synthserve_server.telemetry.calls import UNKNOWN, Call, Stream
from synthserve_server.telemetry.gauges import Gauges, ModelState
from synthserve_server.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[3]
METHOD = "synthserve.v1.GenerationService/GenerateRows"
SAMPLE = re.compile(r"\b(?:synthserve|process|python)_\w+|\bup\b")


@pytest.fixture
def metrics() -> Metrics:
    states = [ModelState("iris", 1, State.READY), ModelState("iris", 2, State.FAILED)]
    gauges = Gauges(lambda: states, lambda model: model == "iris", lambda: 3, 2)
    return Metrics(gauges, {"version": "1", "python": "3", "grpc": "1", "onnxruntime": "1", "device": "cpu"})


def call(metrics: Metrics, name: str, code: str = "OK") -> None:
    """A call for a model, as the interceptor and the service tell of it."""
    one = Call(METHOD, [])
    one.begin("ipv4:127.0.0.1:1", [metrics.start])
    one.named(name)
    if code == "OK":
        one.generating(Stream("iris", 1, 7, 0, 8))
        assert one.observer
        runs = [Run(4, 2.0, 2.5), Run(4, 2.5, 3.0)]
        for first in (True, False):
            one.observer(Timings(1.0, 1.5, runs, 4.0, 4.25, 2, first))
        one.sending(100)
        one.sent(one.started)
        one.delivered(8)
    one.ended(code)


def value(metrics: Metrics, name: str, **labels: str) -> float:
    found = metrics.registry.get_sample_value(name, labels)
    assert found is not None, (name, labels)
    return found


def exported(registry: CollectorRegistry) -> dict[str, set[str]]:
    """The labels of every sample, by its name."""
    labels: dict[str, set[str]] = {}
    for family in registry.collect():
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


def test_call_is_counted(metrics: Metrics) -> None:
    call(metrics, "models/iris/versions/1")
    call(metrics, "models/iris", "INVALID_ARGUMENT")
    labels = {"method": METHOD, "model": "iris"}
    assert value(metrics, "synthserve_requests_total", **labels, code="OK") == 1
    assert value(metrics, "synthserve_requests_total", **labels, code="INVALID_ARGUMENT") == 1
    assert value(metrics, "synthserve_requests_in_flight", method=METHOD) == 0
    assert value(metrics, "synthserve_request_duration_seconds_count", **labels) == 2
    assert value(metrics, "synthserve_time_to_first_message_seconds_count", **labels) == 1
    assert value(metrics, "synthserve_sent_bytes_total", **labels) == 100
    assert value(metrics, "synthserve_samples_total", model="iris", version="1") == 8
    assert value(metrics, "synthserve_write_seconds_count", model="iris") == 1


def test_runs_that_messages_share_are_counted_once(metrics: Metrics) -> None:
    call(metrics, "models/iris")
    assert value(metrics, "synthserve_queue_seconds_sum", model="iris") == 2 * 0.5
    assert value(metrics, "synthserve_encode_seconds_sum", model="iris") == 2 * 0.25
    assert value(metrics, "synthserve_graph_seconds_sum", model="iris") == 1.0
    assert value(metrics, "synthserve_graph_samples_sum", model="iris") == 8
    assert value(metrics, "synthserve_graph_messages_sum", model="iris") == 2


def test_gauges_are_looked_up(metrics: Metrics) -> None:
    assert value(metrics, "synthserve_waiting_messages") == 3
    assert value(metrics, "synthserve_workers") == 2
    for version, state, wanted in (("1", "ready", 1), ("1", "failed", 0), ("2", "ready", 0), ("2", "failed", 1)):
        assert value(metrics, "synthserve_model_state", model="iris", version=version, state=state) == wanted


def test_names_that_callers_make_up_add_no_series(metrics: Metrics) -> None:
    def series() -> int:
        return sum(len(family.samples) for family in metrics.registry.collect())

    call(metrics, "models/iris")
    call(metrics, "models/no-such-model", "NOT_FOUND")
    before = series()
    for number in range(10_000):
        call(metrics, f"models/no-such-model-{number}", "NOT_FOUND")
        call(metrics, f"not even a name {number}", "NOT_FOUND")
    assert series() == before
    labels = {"method": METHOD, "model": UNKNOWN, "code": "NOT_FOUND"}
    assert value(metrics, "synthserve_requests_total", **labels) == 20_001


def test_every_metric_is_documented(metrics: Metrics) -> None:
    call(metrics, "models/iris")
    rows = []
    for family in metrics.registry.collect():
        if not family.name.startswith("synthserve_"):
            continue
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = sorted({name for sample in family.samples for name in sample.labels} - {"le"})
        rows.append(f"| `{family.name}{suffix}` | {family.type} | {', '.join(labels)} | {family.documentation} |")
    text = (ROOT / "docs/operations.md").read_text()
    assert re.findall(r"^\| `synthserve_.*$", text, re.MULTILINE) == rows


def queries() -> Iterator[tuple[str, str]]:
    """Every query that ships, with the place it stands at."""
    dashboard = json.loads((ROOT / "deploy/grafana/synthserve.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"]
    alerts = (ROOT / "deploy/prometheus/alerts.yaml").read_text()
    yield from re.findall(r"- alert: (\w+)\n +expr: (.+)", alerts)


@pytest.mark.parametrize(("place", "query"), list(queries()))
def test_queries_ask_for_what_the_server_exports(metrics: Metrics, place: str, query: str) -> None:
    call(metrics, "models/iris")
    labels = exported(metrics.registry)
    labels["up"] = set()
    asked = SAMPLE.findall(query)
    assert asked
    assert set(asked) <= labels.keys(), place
    known = {"job", "instance"}.union(*(labels[name] for name in asked))
    selected = {name for group in re.findall(r"\{([^}]*)\}", query) for name in re.findall(r"(\w+)=", group)}
    grouped = {name.strip() for group in re.findall(r"by \(([^)]*)\)", query) for name in group.split(",")}
    assert selected | grouped <= known, place


def test_alerts_are_whole() -> None:
    alerts = (ROOT / "deploy/prometheus/alerts.yaml").read_text().split("- alert: ")[1:]
    names = [alert.split()[0] for alert in alerts]
    assert len(set(names)) == len(names) > 3
    for alert in alerts:
        assert re.search(r"\n +for: \d+m\n", alert)
        assert re.search(r"\n +severity: (page|ticket)\n", alert)
        assert 'summary: "' in alert
        assert 'description: "' in alert
    text = (ROOT / "docs/operations.md").read_text()
    assert re.findall(r"^\| `(Synthserve\w+)`", text, re.MULTILINE) == names


def test_dashboard_can_be_imported() -> None:
    dashboard: dict[str, Any] = json.loads((ROOT / "deploy/grafana/synthserve.json").read_text())
    variables = {variable["name"]: variable["type"] for variable in dashboard["templating"]["list"]}
    assert variables["datasource"] == "datasource"
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
        assert {name for target in panel["targets"] for name in re.findall(r"\$(\w+)", target["expr"])} <= {
            *variables,
            "__rate_interval",
        }
