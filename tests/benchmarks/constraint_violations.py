"""Counts violations in many rows of models with constraints.

`python -m tests.benchmarks.constraint_violations 10000000` draws so many rows of each model.
"""

import sys
import time

from tests.unit.training.constraints.test_derived import summed
from tests.unit.training.constraints.test_entangled import entangled
from tests.unit.training.constraints.test_orders import order_of_numbers
from tests.unit.training.constraints.test_together import combined, implied

_BLOCK = 100_000
_MODELS = {
    "orders": order_of_numbers,
    "combinations": combined,
    "sums": summed,
    "implications": implied,
    "entangled": entangled,
}


def main(rows: int) -> None:
    """Draws rows of each model, and prints how many violate a constraint.

    Args:
        rows: Of each model.
    """
    for name, build in _MODELS.items():
        model, started, found = build(), time.perf_counter(), 0
        for seed in range(-(-rows // _BLOCK)):
            drawn = model.rows(min(_BLOCK, rows - seed * _BLOCK), seed=seed)
            found += sum(model.violations(drawn).values())
        print(f"{name:<14} {rows:>12,} rows, {found} violations, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
