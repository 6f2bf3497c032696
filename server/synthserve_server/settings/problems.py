"""Explains invalid settings: their source, the problem, and the name that may have been meant."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from synthserve_core.suggestions import closest, did_you_mean
from synthserve_server.settings.groups import CallerLimits
from synthserve_server.settings.settings import ENVIRONMENT_PREFIX, Settings

_LIMITS = "limits"

_NOT_OURS = ("SYNTHSERVE_CLIENT_", "SYNTHSERVE_SERVER", "SYNTHSERVE_TLS_CA", "SYNTHSERVE_TLS_CLIENT_")
"""The prefixes of variables for the command `synthserve`."""


def lines(error: ValidationError, flags: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """One line for each invalid setting.

    Args:
        error: The error of the validation.
        flags: The settings that were given as flags.
        environment: The environment variables.
    """
    variables = _variables(environment)
    file = flags.get("config") or variables.get("config")
    told: dict[tuple[int | str, ...], str] = {}
    for problem in error.errors():
        place = problem["loc"][:3]  # the rest names the alternatives of a limit's type
        name = place[0] if place else None
        text = _text(problem)
        if name in variables and name not in flags:
            text = f"{ENVIRONMENT_PREFIX}{str(name).upper()}: {text.removeprefix(f'{name}: ')}"
        elif file and name and name not in flags and problem["type"] != "missing":
            text = f"{file}: {text}"
        told.setdefault(place, text)
    return list(told.values())


def misspelt_variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Unknown variables that look like a setting, each with the variable that may have been meant."""
    known = [f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in sorted(environment):
        upper = name.upper()
        if not upper.startswith(ENVIRONMENT_PREFIX) or upper in known or upper.startswith(_NOT_OURS):
            continue
        # Compared without the common prefix, which would make all names similar.
        if meant := closest(upper.removeprefix(ENVIRONMENT_PREFIX), Settings.model_fields):
            yield name, f"{ENVIRONMENT_PREFIX}{meant.upper()}"


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings in variables, without empty ones."""
    return {
        name.upper().removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environment.items()
        if value and name.upper().startswith(ENVIRONMENT_PREFIX)
    }


def _text(problem: ErrorDetails) -> str:
    match problem["loc"], problem["type"]:
        case (str(name),), "extra_forbidden":
            return _unknown(name, is_section=isinstance(problem["input"], dict))
        case (str(), str(caller), str(name)), "extra_forbidden":
            return f"[limits.{caller}] has no {name}{_meant_within(name)}"
        case (name,), "dict_type" if name == _LIMITS:
            return "limits must be sections, [limits.NAME]"
        case (str(), str(caller)), "model_type":
            return f"limits.{caller} must be a section, [limits.{caller}]"
        case (str(), str(caller), str(name), *_), _:
            return f'[limits.{caller}] {name}: {problem["msg"]}, or "unlimited"'
        case place, _:
            return "".join(f"{part}: " for part in place) + problem["msg"]


def _unknown(name: str, *, is_section: bool) -> str:
    if not is_section:
        return f"there is no setting {name}{did_you_mean(name, set(Settings.model_fields) - {_LIMITS})}"
    if closest(name, [_LIMITS]):
        return f"there is no section [{name}]; did you mean [limits.NAME]?"
    return f"there is no section [{name}]: settings belong above all sections, limits of one caller in [limits.NAME]"


def _meant_within(name: str) -> str:
    """The end of a message about an unknown key in a section of limits."""
    if meant := closest(name, CallerLimits.model_fields):
        return f"; did you mean {meant}?"
    if name in Settings.model_fields:
        return ": it is a setting of the server, and belongs above all sections"
    return f"; there are {', '.join(CallerLimits.model_fields)}"
