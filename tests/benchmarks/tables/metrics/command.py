"""Measures the rows of a model: `python -m tests.benchmarks.tables.metrics.command JOB.json`.

Runs under the peers' interpreter, which has SDMetrics.
"""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from tests.benchmarks.tables.metrics import closeness, detection, frames, similarity, spikes, utility
from tests.benchmarks.tables.metrics_job import MetricsJob
from tests.benchmarks.tables.roles import Roles


def measure(job: MetricsJob) -> dict[str, Any]:
    """All figures; those that do not apply are missing."""
    roles = Roles.read(Path(job.roles_file))
    train, held_out = pd.read_parquet(job.train), pd.read_parquet(job.held_out)
    rows = frames.as_typed(pd.read_parquet(job.synthetic), train) if job.synthetic else held_out
    figures: dict[str, Any] = {}
    for name, work in (
        ("similarity", lambda: similarity.scores(train, rows, roles)),
        ("detection", lambda: _detection(train, rows, roles, job.seed)),
    ):
        figures |= _timed(name, work)
    if job.synthetic is None:
        return figures
    same = min(len(held_out), len(rows))
    parts: dict[str, Any] = {
        "held-out detection": lambda: {
            "xgboost_auc_held_out": 1
            - detection.score("xgboost", held_out.head(same), rows.head(same), roles, job.seed) / 2
        },
        "closeness": lambda: {"dcr_share": closeness.share(train, held_out, rows, roles, job.seed)},
        "spikes": lambda: _spikes(train, held_out, rows, roles),
    }
    if roles.task:
        grid = utility.QUICK_GRID if job.quick else utility.GRID
        parts["utility"] = lambda: {"mle": utility.score(rows, held_out, roles, job.seed, grid)}
    for name, work in parts.items():
        figures |= _timed(name, work)
    return figures


def _detection(train: pd.DataFrame, rows: pd.DataFrame, roles: Roles, seed: int) -> dict[str, float]:
    return {f"{name}_c2st": detection.score(name, train, rows, roles, seed) for name in detection.DETECTORS}


def _spikes(train: pd.DataFrame, held_out: pd.DataFrame, rows: pd.DataFrame, roles: Roles) -> dict[str, Any]:
    hits = spikes.worst(train, held_out, rows, roles)
    if hits is None:
        return {}
    return {"spike_column": hits.column, "spike_hit_rate": hits.rate, "spike_hit_rate_held_out": hits.held_out}


def _timed(name: str, work: Any) -> dict[str, Any]:
    started = time.perf_counter()
    found: dict[str, Any] = work()
    print(f"{name}: {found}, {time.perf_counter() - started:.0f} s", flush=True)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # the libraries', about their own future
    job = MetricsJob.read(Path(sys.argv[1]))
    Path(job.output).write_text(json.dumps(measure(job), indent=1))
