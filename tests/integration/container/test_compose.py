"""deploy/compose.yaml and what it mounts fit together. `make lint` holds it against the schema of Compose."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML
from tests.fixtures.dockerfile import lineage, parse

from synthserve_server.settings import settings as config

DEPLOY = Path(__file__).parents[3] / "deploy"
STAGES = parse((DEPLOY.parent / "Dockerfile").read_text())


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


COMPOSE = read(DEPLOY / "compose.yaml")
CUDA = read(DEPLOY / "compose.cuda.yaml")
SERVICES: dict[str, Any] = COMPOSE["services"]


def mounts(service: str) -> dict[str, Path]:
    """What a service finds in files and folders of ours, by its path in there."""
    found = {}
    for volume in SERVICES[service]["volumes"]:
        source, target, *mode = volume.split(":")
        if source.startswith("."):
            assert mode == ["ro"]
            found[target] = DEPLOY / source
        else:
            assert source in COMPOSE["volumes"]
    return found


def flags(service: str) -> dict[str, str]:
    """Its flags, written `--name value` or `--name=value`; those that are followed by no value have none."""
    words = [part for word in SERVICES[service]["command"] for part in word.split("=", 1)]
    after = [*words[1:], "--"]
    return {w: "" if a.startswith("--") else a for w, a in zip(words, after, strict=True) if w.startswith("--")}


@pytest.mark.parametrize("name", SERVICES)
def test_services_can_do_no_more_than_they_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in service["ports"])
    assert service["healthcheck"]["test"][0] == "CMD"
    assert "privileged" not in service
    if "build" not in service:
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"])


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_what_is_mounted_is_there(name: str) -> None:
    assert mounts(name)
    for source in mounts(name).values():
        assert source.exists(), source


def test_the_server_is_that_of_the_dockerfile() -> None:
    server = SERVICES["server"]
    assert (DEPLOY / server["build"]["context"] / "Dockerfile").is_file()
    targets = {server["build"]["target"], CUDA["services"]["server"]["build"]["target"]}
    assert targets == {"cpu", "cuda"}
    assert CUDA["services"].keys() <= SERVICES.keys()
    runtime = lineage(STAGES, "cpu")[0]
    (health,) = runtime.all("HEALTHCHECK")
    assert health.value.endswith(str(server["healthcheck"]["test"][1:]).replace("'", '"'))
    (exposed,) = runtime.all("EXPOSE")
    assert server["ports"] == [f"127.0.0.1:{exposed.value}:{exposed.value}"]
    assert float(server["stop_grace_period"].removesuffix("s")) > config.Settings.model_fields["grace_seconds"].default


def test_the_server_takes_its_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in lineage(STAGES, "cpu")[0].all("ENV"):
        for name, value in variable.pairs.items():
            if name.startswith("SYNTHSERVE_") and name != "SYNTHSERVE_MODEL_REPOSITORY":
                monkeypatch.setenv(name, value)
    given = {name.removeprefix("--").replace("-", "_"): value or True for name, value in flags("server").items()}
    settings = config.load({"model_repository": DEPLOY, **given})
    assert settings.log_format == "json"
    assert settings.listen == "0.0.0.0:50051"
    assert settings.metrics_listen == f"0.0.0.0:{SERVICES['server']['expose'][0]}"


def test_prometheus_finds_the_server_and_the_alerts() -> None:
    files = mounts("prometheus")
    place = flags("prometheus")["--config.file"]
    settings = read(files[place])
    folder = Path(place).parent
    for rules in settings["rule_files"]:
        assert read(files[str(folder / rules)])["groups"]
    (job,) = settings["scrape_configs"]
    assert job["job_name"] == "synthserve", "what the alerts and the dashboard ask for"
    (listed,) = job["file_sd_configs"][0]["files"]
    ((target,),) = [one["targets"] for one in read(files[str(folder / listed)])]
    host, port = target.split(":")
    assert flags(host)["--metrics-listen"] == f"0.0.0.0:{port}"
    # Without Compose it is the address that the documentation uses.
    ((alone,),) = [one["targets"] for one in read(files[place].parent / listed)]
    assert f"--metrics-listen {alone}" in (DEPLOY.parent / "docs" / "operations.md").read_text()
    assert flags("prometheus")["--storage.tsdb.path"] in {v.split(":")[1] for v in SERVICES["prometheus"]["volumes"]}


def test_grafana_finds_prometheus_and_the_dashboard() -> None:
    files = mounts("grafana")
    provisioning = files["/etc/grafana/provisioning"]
    (source,) = read(provisioning / "datasources" / "prometheus.yaml")["datasources"]
    url = urlsplit(source["url"])
    assert SERVICES[str(url.hostname)]["ports"] == [f"127.0.0.1:{url.port}:{url.port}"]
    assert source["isDefault"], "the dashboard has a variable for its data source, which begins with the default"
    (provider,) = read(provisioning / "dashboards" / "synthserve.yaml")["providers"]
    (dashboard,) = [place for place in files if place.startswith(provider["options"]["path"])]
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == dashboard
    assert not [name for name in environment if "PASSWORD" in name or "SECRET" in name]
