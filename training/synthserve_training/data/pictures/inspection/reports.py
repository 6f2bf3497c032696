"""What was found of pictures, for people and for programs."""

from collections import Counter
from typing import Any

from synthserve_training.data.pictures.classes import natural
from synthserve_training.data.pictures.inspection.inspecting import PictureInspection

_MOST_SIZES, _MOST_LABELS, _MOST_GROUPS = 4, 12, 3


def as_lines(found: PictureInspection) -> list[tuple[str, str]]:
    """The summary for people: what a line is about, and the line."""
    proposal = found.proposal
    lines = [
        ("pictures", f"{found.count:,} in {found.kind}: {_counted(found.formats)}"),
        ("sizes", _sizes(found.sizes)),
        ("channels", _channels(found)),
        ("labels", _labels(found)),
        ("copies", _copies(found)),
    ]
    lines += [("left out", f"{found.problems.left_out:,}")] * bool(found.problems.left_out)
    lines += [("" if number else "problems", line) for number, line in enumerate(found.problems.lines())]
    shape = f"{proposal.height}x{proposal.width}, {proposal.channels}, {proposal.fit}, on {proposal.background}"
    return [*lines, ("proposed", f"{shape}: {'; '.join(proposal.why.values())}")]


def as_json(found: PictureInspection) -> dict[str, Any]:
    """All that was found, for programs."""
    proposal = found.proposal
    return {
        "address": found.address,
        "kind": found.kind,
        "pictures": found.count,
        "left_out": found.problems.left_out,
        "formats": dict(found.formats.most_common()),
        "sizes": [
            {"width": width, "height": height, "pictures": count}
            for (width, height), count in found.sizes.most_common()
        ],
        "coloured": found.coloured,
        "transparent": found.transparent,
        "labelled_by": found.labelled_by,
        "labels": {label: found.labels[label] for label in sorted(found.labels, key=natural)},
        "copies": {"exact": _named(found, found.duplicates.exact), "near": _named(found, found.duplicates.near)},
        "contradictions": _named(found, found.contradictions),
        "problems": found.problems.as_json(),
        "proposed": {
            "size": [proposal.height, proposal.width],
            "fit": proposal.fit,
            "channels": proposal.channels,
            "background": proposal.background,
            "why": dict(proposal.why),
        },
    }


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counter.most_common())


def _sizes(sizes: Counter[tuple[int, int]]) -> str:
    common = [f"{width}x{height} ({count:,})" for (width, height), count in sizes.most_common(_MOST_SIZES)]
    if len(sizes) == 1:
        return f"all {common[0].partition(' ')[0]}"
    widths, heights = sorted(size[0] for size in sizes), sorted(size[1] for size in sizes)
    more = f" and {len(sizes) - len(common):,} others" if len(sizes) > len(common) else ""
    return f"{widths[0]} to {widths[-1]} wide, {heights[0]} to {heights[-1]} high: {', '.join(common)}{more}"


def _channels(found: PictureInspection) -> str:
    grey = found.count - found.coloured
    parts = [f"in colours {found.coloured:,}"] * bool(found.coloured) + [f"grey {grey:,}"] * bool(grey)
    parts += [f"with transparent parts {found.transparent:,}"] * bool(found.transparent)
    return ", ".join(parts)


def _labels(found: PictureInspection) -> str:
    if not found.labels:
        return "none"
    names = sorted(found.labels, key=natural)
    shown = ", ".join(f"{name} {found.labels[name]:,}" for name in names[:_MOST_LABELS])
    more = f" and {len(names) - _MOST_LABELS:,} others" if len(names) > _MOST_LABELS else ""
    return f"{len(names):,} by {found.labelled_by}: {shown}{more}"


def _copies(found: PictureInspection) -> str:
    parts = [
        f"{sum(map(len, groups)) - len(groups):,} {what} ({_examples(found, groups)})"
        for what, groups in (("exact", found.duplicates.exact), ("nearly the same", found.duplicates.near))
        if groups
    ]
    if found.contradictions:
        parts.append(
            f"{len(found.contradictions):,} with different labels ({_examples(found, found.contradictions)}): keep one"
        )
    return "; ".join(parts) or "none"


def _examples(found: PictureInspection, groups: tuple[tuple[int, ...], ...]) -> str:
    shown = ", ".join(" = ".join(names[:3]) for names in _named(found, groups[:_MOST_GROUPS]))
    return shown + ", …" * (len(groups) > _MOST_GROUPS)


def _named(found: PictureInspection, groups: tuple[tuple[int, ...], ...]) -> list[list[str]]:
    return [[found.names[index] for index in group] for group in groups]
