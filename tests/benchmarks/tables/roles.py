"""What the columns of a benchmark table are. Peers are told it, and metrics depend on it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self


@dataclass(frozen=True)
class Roles:
    """The columns of a table, by what they are.

    Attributes:
        numbers: Numbers, also a target that is one.
        categories: Categories, also a target that is one. Their values may be whole numbers.
        dates: Timestamps.
        target: What the papers predict; None: nothing.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    dates: tuple[str, ...] = ()
    target: str | None = None

    @property
    def task(self) -> Literal["classification", "regression"] | None:
        """How the target is predicted."""
        if self.target is None:
            return None
        return "regression" if self.target in self.numbers else "classification"

    def write(self, path: Path) -> None:
        """Writes them as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads what `write` wrote."""
        fields = json.loads(path.read_text())
        return cls(tuple(fields["numbers"]), tuple(fields["categories"]), tuple(fields["dates"]), fields["target"])

    def sdv_columns(self) -> dict[str, dict[str, str]]:
        """The columns as SDV's and SDMetrics' metadata describe them."""
        kinds = {"numerical": self.numbers, "categorical": self.categories, "datetime": self.dates}
        return {name: {"sdtype": kind} for kind, names in kinds.items() for name in names}
