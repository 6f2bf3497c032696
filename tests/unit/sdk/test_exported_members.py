"""What the package offers is decided, not left over."""

from __future__ import annotations

import ast
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
        for name in dir(synthserve)
        if not name.startswith("_") and not isinstance(getattr(synthserve, name), types.ModuleType)
    }
    assert set(synthserve.__all__) == public | {"__version__"}
    assert synthserve.__all__ == sorted(synthserve.__all__)


def test_what_type_checkers_see_is_what_is_there() -> None:
    tree = ast.parse(inspect.getsource(synthserve))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: (node.module or "").removeprefix("synthserve.") for node in imports for alias in node.names}
    assert seen == synthserve._HOMES
    assert {*seen, "__version__"} == set(synthserve.__all__)


def test_a_name_that_is_not_there_is_told_as_usual() -> None:
    with pytest.raises(AttributeError, match="module 'synthserve' has no attribute 'Clinet'"):
        synthserve.Clinet  # noqa: B018 - what looks it up raises
    with pytest.raises(ImportError, match="cannot import name 'Clinet'"):
        from synthserve import Clinet  # noqa: F401 - as above


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import synthserve", ""),
        ("import synthserve.v1.schema_pb2, synthserve.v1.generation_pb2", ""),
        ("from synthserve import SynthserveError, InvalidRequest, Column, Model, between, present", ""),
        ("from synthserve import Client, AsyncClient, RetryPolicy, tls_credentials", "grpc"),
    ],
)
def test_nothing_is_imported_before_it_is_used(code: str, heavy: str) -> None:
    watched = ("grpc", "pyarrow", "pandas", "polars", "numpy", "PIL", "typer", "rich")
    program = f"import sys\n{code}\nprint(*[name for name in {watched!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == heavy


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
        "import synthserve.cli\n"
        "synthserve.cli.main()\n"
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
