"""The report: one HTML file that needs nothing else, and the figures as JSON beside it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import jinja2
from tests.load.open_loop import charts, knee
from tests.load.open_loop.charts import Chart, Curve, Mark
from tests.load.open_loop.errors import LoadError
from tests.load.open_loop.figures import Quantiles, Step
from tests.load.open_loop.run import Result

from synthserve._output.destinations import appears_whole, write_whole
from synthserve_training.train.run_folder import check_writable


@dataclass(frozen=True)
class Setting:
    """Where and how a test was made."""

    begun: str
    command: str
    target: str
    own: bool
    """Whether the server was started for the test, on the machine of the drivers."""
    drivers: int
    machine: str
    cores: int
    versions: dict[str, str]
    ghz: str
    """Its version; or why there are no figures of it."""


def write(file: Path, setting: Setting, results: Sequence[Result], seconds: float) -> None:
    """Writes the report, and beside it the figures, under the same name with `.json`; not beside a pipe or a device.

    Args:
        file: The report, HTML.
        setting: Where and how.
        results: One of each profile.
        seconds: How long it took.

    Raises:
        OSError: It cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, render(setting, results, seconds).encode())
    if not appears_whole(file):
        return
    found = [
        {**asdict(result), "profile": result.profile.model_dump(), "knee": asdict(result.knee)} for result in results
    ]
    content = {"setting": asdict(setting), "results": found}
    write_whole(file.with_suffix(".json"), json.dumps(content, indent=1).encode())


def check_place(file: Path) -> None:
    """Checks, before anything is measured, that a report can be written; nothing is left of it.

    Raises:
        LoadError: It cannot.
    """
    if file.suffix.lower() == ".json":
        raise LoadError(f"--output {file}: the figures get the name with .json, so the report needs another one")
    if file.is_dir():
        raise LoadError(f"--output {file} is a folder: name the file in it, such as {file / 'index.html'}")
    try:
        if appears_whole(file):
            check_writable(file.parent)
    except OSError as error:
        raise LoadError(f"--output {file} cannot be written: {error.strerror}") from None


def render(setting: Setting, results: Sequence[Result], seconds: float) -> str:
    """Renders the report; everything that comes from a profile or a server is escaped."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters.update(ms=_ms, number=knee.number)
    template = Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        setting=setting,
        seconds=seconds,
        results=results,
        drawn={result.name: [charts.svg(chart) for chart in drawings(result)] for result in results},
        warning=_warning(setting, results),
    )


def drawings(result: Result) -> list[Chart]:
    """The charts of a profile: throughput, the whole call and, of a stream, the first message."""
    steps = sorted(result.steps, key=lambda step: step.rate)
    held = result.knee.held
    line = (held.rate, f"knee: {knee.number(held.rate)}/s") if held else None
    found = [_throughput(result, steps, line)]
    for title, part in (("first message", "first"), ("whole call", "whole")):
        if getattr(result.unloaded, part):
            found.append(_latency(result, steps, line, title, part))
    return found


def _throughput(result: Result, steps: Sequence[Step], line: tuple[float, str] | None) -> Chart:
    most = max(step.rate for step in steps)
    return Chart(
        title=f"{result.name}: calls answered against calls offered",
        y_title="answered, calls/s",
        x_title="offered, calls/s",
        curves=[
            Curve("offered", "ideal", [(0.0, 0.0), (most, most)]),
            Curve("answered", "p50", [(step.rate, step.achieved_rate) for step in _last_tries(steps)]),
        ],
        marks=[Mark(step.rate, step.achieved_rate, _why(result, step)) for step in _not_held(result, steps)],
        log=False,
        line=line,
    )


def _latency(result: Result, steps: Sequence[Step], line: tuple[float, str] | None, title: str, part: str) -> Chart:
    def milliseconds(step: Step, name: str) -> float | None:
        quantiles: Quantiles | None = getattr(step, part)
        return getattr(quantiles, name) * 1000 if quantiles else None

    allowed = knee.allowed_p99(getattr(result.unloaded, part), result.profile.knee) * 1000
    return Chart(
        title=f"{result.name}: time to the {'first message' if part == 'first' else 'end of the call'}",
        y_title=f"{title}, ms",
        x_title="offered, calls/s",
        curves=[
            Curve(name, name, [(step.rate, y) for step in _last_tries(steps) if (y := milliseconds(step, name))])
            for name in ("p99", "p95", "p50")
        ],
        marks=[
            Mark(step.rate, y, _why(result, step))
            for step in _not_held(result, steps)
            if (y := milliseconds(step, "p99"))
        ],
        log=True,
        line=line,
        bound=(allowed, f"p99 allowed: {knee.number(allowed)} ms"),
    )


def _last_tries(steps: Sequence[Step]) -> list[Step]:
    """One step of each rate, the last."""
    return list({step.rate: step for step in steps}.values())


def _not_held(result: Result, steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if result.complaints(step)]


def _why(result: Result, step: Step) -> str:
    return f"{knee.number(step.rate)}/s was not held: {'; '.join(result.complaints(step))}"


def _warning(setting: Setting, results: Sequence[Result]) -> str | None:
    """What makes the figures worth less; None: nothing that is known."""
    if not setting.own:
        return None
    others = max(step.other_cores for result in results for step in result.steps)
    if others < knee.OTHER_WORK:
        return None
    return (
        f"Other work on this machine used up to {others:.1f} of its {setting.cores} cores meanwhile: "
        "the figures are not those of the server alone."
    )


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else knee.milliseconds(seconds)
