"""Messages about mistakes in recipes and names, with the name that was probably meant."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from synthserve_core.suggestions import closest


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: `: did you mean …?`, or nothing where none is like it."""
    found = closest(name, known)
    return f": did you mean {found}?" if found else ""


def listed(error: ValidationError, model: type[BaseModel]) -> str:
    """Lists what is wrong with the fields of a model, each by its name.

    Args:
        error: What pydantic found.
        model: What was to be made.
    """
    return "; ".join(_one(problem, model) for problem in error.errors())


def _one(problem: Mapping[str, Any], model: type[BaseModel]) -> str:
    place = problem["loc"]
    text = f"{'.'.join(map(str, place))}: {problem['msg']}" if place else problem["msg"]
    if problem["type"] != "extra_forbidden":
        return text
    return text + did_you_mean(str(place[-1]), _fields(model, place[:-1]))


def _fields(model: type[BaseModel], place: tuple[str | int, ...]) -> Iterable[str]:
    """The names of the fields of the model at a place within another one."""
    for part in place:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models(model.model_fields[part].annotation), model)
    return model.model_fields


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - a type, as written
    """The models in a type such as `tuple[Model, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
