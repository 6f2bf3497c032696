"""Writes docs/settings.md from the settings of the server: `python scripts/settings_reference.py FILE`."""

import sys
from itertools import groupby
from pathlib import Path

from synthserve_server.settings.descriptions import Description, descriptions
from synthserve_server.settings.groups import CallerLimits

_HEAD = """# Settings

`make proto` writes this page from the server's settings. Every setting has a flag, an environment variable
(`SYNTHSERVE_` and its name in capitals) and a key in the TOML file that `--config` names. A flag takes precedence over
a variable, and a variable over the file. An empty variable counts as unset. [Operations](operations.md) explains what
the settings are for.
"""

_CALLERS = """
## Limits of single callers

A section `[limits.NAME]` in the TOML file, or the variable `SYNTHSERVE_LIMITS` with a JSON object of such sections.
`"unlimited"` removes a limit.

| key | |
|---|---|
"""


def main() -> None:
    """Writes the page."""
    page = _HEAD
    for group, settings in groupby(descriptions(), key=lambda one: one.group):
        page += f"\n## {group or 'The file'}\n\n| flag | key | value | default | |\n|---|---|---|---|---|\n"
        page += "".join(map(_row, settings))
    rows = (f"| `{name}` | {field.description} |\n" for name, field in CallerLimits.model_fields.items())
    Path(sys.argv[1]).write_text(f"{page}{_CALLERS}{''.join(rows)}")


def _row(one: Description) -> str:
    flags = ", ".join(f"`{flag}`" for flag in (one.flag, one.negative_flag) if flag)
    default = "must be given" if one.is_required else one.default
    kind = one.kind.replace("|", " \\| ") + (", can be repeated" if one.is_list else "")
    return f"| {flags} | `{one.name}` | {kind} | {default} | {one.text} |\n"


if __name__ == "__main__":
    main()
