"""Whether a rate was held, and where the knee is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.load.open_loop.figures import Quantiles, Step
from tests.load.open_loop.profiles import Criteria

FEW_CALLS = 3
"""By so many calls the number that is answered in a time differs from that which is due in it, without any meaning."""

DRIVER_BUSY = 0.85
"""An event loop that computes this part of the time is at its limit: calls and answers wait for it."""

OTHER_WORK = 0.25
"""Cores that other work may use where the server runs before it counts."""

LATE_SECONDS = 0.010
LATE_PART = 0.5
"""A driver that begins calls this late, and so late that it is this part of what is measured, measures itself."""


def complaints(step: Step, unloaded: Step, criteria: Criteria) -> list[str]:
    """Why a rate was not held, in words; none where it was."""
    found = [f"{count:,} calls ended with {code}" for code, count in sorted(step.outcomes.items()) if code != "OK"]
    if step.not_begun:
        found.append(f"{step.not_begun:,} calls were not begun, as {step.most_in_flight:,} were under way")
    missing = step.offered - step.answered
    if missing > FEW_CALLS and missing > criteria.throughput_within * step.offered:
        found.append(f"{number(step.achieved_rate)} of {number(step.offered_rate)} calls a second were answered")
    for what, loaded, before in (
        ("first message", step.first, unloaded.first),
        ("whole call", step.whole, unloaded.whole),
    ):
        if loaded and before:
            allowed = allowed_p99(before, criteria)
            if loaded.p99 > allowed:
                found.append(
                    f"p99 of the {what} was {milliseconds(loaded.p99)} ms, more than {milliseconds(allowed)} ms "
                    f"({milliseconds(before.p99)} ms without load)"
                )
    return found


def doubt(step: Step) -> str | None:
    """Why what was measured may be the doing of the driver or of other work, and not the server's; None: it is not."""
    if step.driver_busy > DRIVER_BUSY:
        return f"the driver was at its limit: its event loop computed {step.driver_busy:.0%} of the time"
    if step.late_p99 > LATE_SECONDS and step.late_p99 > LATE_PART * _p99(step.whole):
        return (
            f"the driver began calls {milliseconds(step.late_p99)} ms late (p99) although it computed only "
            f"{step.driver_busy:.0%} of the time: something else had the cores of its machine"
        )
    if step.server_cores is not None and step.other_cores > OTHER_WORK:
        return f"other work had {step.other_cores:.1f} of the cores that the server could have had"
    return None


def _p99(quantiles: Quantiles | None) -> float:
    return quantiles.p99 if quantiles else 0.0


@dataclass(frozen=True)
class Knee:
    """The highest rate that was held, below all that were not."""

    held: Step | None
    """None: not even the lowest."""
    broken: Step | None
    """The lowest that was not held, at its last try; None: all were."""
    reasons: tuple[str, ...]
    """Why it was not."""
    doubt: str | None
    """Why that may not be the server's doing."""

    @property
    def certain(self) -> bool:
        """Whether it was the server that did not hold the next rate."""
        return self.broken is not None and self.doubt is None

    @property
    def headline(self) -> str:
        """The knee in a few words."""
        if self.held is None:
            return "no rate was held"
        more = "" if self.certain else " or more"
        return f"knee at {number(self.held.rate)} calls/s{more}"

    @property
    def sentence(self) -> str:
        """Where it is and why it is there."""
        if self.broken is None:
            return f"All rates were held; the highest was {_rate(self.held)}. The knee lies above."
        what = f"{_rate(self.broken)} was not held: {'; '.join(self.reasons)}."
        if self.doubt:
            what += f" But {self.doubt}. The server may hold more."
        return what if self.held is None else f"{_rate(self.held)} was held. {what}"


def number(rate: float) -> str:
    """A rate with three or more digits that count."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds, likewise."""
    return number(seconds * 1000)


def _rate(step: Step | None) -> str:
    return f"{number(step.rate) if step else '–'} calls/s"


def allowed_p99(unloaded: Quantiles, criteria: Criteria) -> float:
    """The longest p99 of a rate that is held, in seconds."""
    return max(criteria.p99_factor * unloaded.p99, criteria.p99_allowed_ms / 1000)


def find(steps: Sequence[Step], criteria: Criteria) -> Knee:
    """Finds the knee.

    Args:
        steps: In the order in which they were made; the first is what p99 is held against. A rate that was not held may
            have been tried again; it was held if it was once.
        criteria: What holding means.
    """
    unloaded = steps[0]
    held_rates = {step.rate for step in steps if not complaints(step, unloaded, criteria)}
    broken = [step for step in steps if step.rate not in held_rates]
    lowest = min((step.rate for step in broken), default=float("inf"))
    held = [step for step in steps if step.rate < lowest and not complaints(step, unloaded, criteria)]
    last = [step for step in broken if step.rate == lowest][-1:]
    return Knee(
        held=max(held, key=lambda step: step.rate, default=None),
        broken=last[0] if last else None,
        reasons=tuple(complaints(last[0], unloaded, criteria)) if last else (),
        doubt=doubt(last[0]) if last else None,
    )
