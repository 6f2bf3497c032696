"""What the package offers is decided, not left over."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
import types

import pytest

import synthserve
from synthserve import _exceptions

PARTS = ("FieldViolation", "PreconditionViolation", "QuotaViolation")
"""What errors carry."""


def test_all_is_what_is_there() -> None:
    public = {
        name
        for name, value in vars(synthserve).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert set(synthserve.__all__) == public | {"__version__"}
    assert synthserve.__all__ == sorted(synthserve.__all__)


def test_everything_public_is_described() -> None:
    for name in synthserve.__all__:
        value = getattr(synthserve, name)
        if inspect.isclass(value):
            assert value.__doc__, name
            for member_name, member in vars(value).items():
                if not member_name.startswith("_") and (callable(member) or isinstance(member, property)):
                    assert inspect.getdoc(member), f"{name}.{member_name}"


def test_the_twins_have_the_same_names() -> None:
    def names(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert names(synthserve.Client) == names(synthserve.AsyncClient)
    assert names(synthserve.RowStream) - {"close"} == names(synthserve.AsyncRowStream) - {"aclose", "start"}
    assert names(synthserve.ImageStream) - {"close"} == names(synthserve.AsyncImageStream) - {"aclose", "start"}
    for method in ("rows", "images"):
        ours = inspect.signature(getattr(synthserve.Client, method)).parameters
        assert ours == inspect.signature(getattr(synthserve.AsyncClient, method)).parameters


def test_the_hierarchy_is_drawn_as_it_is() -> None:
    doc = _exceptions.__doc__
    assert doc is not None
    drawn = [line.split()[1] for line in doc.splitlines() if line.startswith((" ├──", " └──"))]
    exported = [name for name in _exceptions.__all__ if name not in ("SynthserveError", *PARTS)]
    assert sorted(drawn) == exported
    for line in doc.splitlines():
        if line.startswith((" ├──", " └──")):
            name = line.split()[1]
            bases = [base.__name__ for base in getattr(_exceptions, name).__bases__]
            assert bases[0] == "SynthserveError"
            assert ("(" in line.split("  ", 1)[-1] and f"({bases[-1]})" in line) == (len(bases) == 2)


@pytest.mark.parametrize("name", [name for name in _exceptions.__all__ if name not in PARTS])
def test_errors_survive_pickling(name: str) -> None:
    error = getattr(synthserve, name)("what happened", reason="WHY", metadata={"a": "b"})
    error.add_note("and more")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in this test
    assert type(copy) is type(error)
    assert str(copy) == "what happened"
    assert vars(copy) == vars(error)


def test_importing_needs_and_loads_no_optional_package() -> None:
    code = (
        "import sys\n"
        "for name in ('numpy', 'pandas', 'pyarrow', 'PIL', 'typer', 'rich'): sys.modules[name] = None\n"
        "import synthserve\n"
        "for use in ('to_arrow', 'to_pandas', 'batches'):\n"
        "    try: getattr(synthserve.Client('localhost:1').rows('m', count=1), use)()\n"
        "    except synthserve.MissingDependency as error: print(error)\n"
        "import synthserve_command\n"
        "synthserve_command.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "to_arrow() needs pyarrow: pip install 'synthserve[arrow]'",
        "to_pandas() needs pandas: pip install 'synthserve[pandas]'",
        "batches() needs pyarrow: pip install 'synthserve[arrow]'",
    ]
    assert (done.returncode, done.stderr) == (
        1,
        "synthserve: the command needs typer: pip install 'synthserve[cli]'\n",
    )
