"""The clients: how each is built, tested and run."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Command = Sequence[str]


@dataclass(frozen=True)
class Language:
    """A client.

    Attributes:
        name: What people call the language.
        folder: Where the client is, below `clients/`.
        needs: The programs that must be there.
        build: Generates stubs, compiles the client, its example and its runner. Run in the folder, like the others.
        check: Runs its linters and unit tests. Those of Python are run with the server's.
        runner: Plays cases; the file is appended.
        example: Writes `iris.csv` and `digits/` into the working folder; absolute, so that it can be run anywhere. The
            server's address is appended.
    """

    name: str
    folder: str
    needs: Sequence[str]
    build: Sequence[Command]
    check: Sequence[Command]
    runner: Command
    example: Command

    @property
    def cwd(self) -> Path:
        return ROOT / "clients" / self.folder

    @property
    def missing(self) -> list[str]:
        """The programs that are not there."""
        return [program for program in self.needs if shutil.which(program) is None]


PYTHON = Language(
    name="Python",
    folder="python",
    needs=[],
    build=[],
    check=[],
    runner=[sys.executable, "conformance.py"],
    example=[sys.executable, str(ROOT / "clients/python/example.py")],
)

GO = Language(
    name="Go",
    folder="go",
    needs=["go"],
    build=[["go", "run", "./internal/generate", "-check"], ["go", "build", "-o", "bin/", "./example", "./conformance"]],
    check=[["sh", "-c", 'test -z "$(gofmt -l .)"'], ["go", "vet", "./..."], ["go", "test", "./..."]],
    runner=["bin/conformance"],
    example=[str(ROOT / "clients/go/bin/example")],
)

NODE = Language(
    name="TypeScript",
    folder="node",
    needs=["node", "npm"],
    build=[["npm", "ci"], ["npm", "run", "generate"], ["npm", "run", "build"]],
    check=[["npm", "run", "lint"], ["npm", "test"]],
    runner=["node", "build/conformance/runner.js"],
    example=["node", str(ROOT / "clients/node/build/examples/example.js")],
)

RUST = Language(
    name="Rust",
    folder="rust",
    needs=["cargo"],
    build=[["cargo", "build", "--examples"]],
    check=[
        ["cargo", "fmt", "--check"],
        ["cargo", "clippy", "--all-targets", "--", "-D", "warnings"],
        ["cargo", "test"],
    ],
    runner=["target/debug/examples/conformance"],
    example=[str(ROOT / "clients/rust/target/debug/examples/example")],
)

_JAVA_CLASSES = ("target/classes", "target/test-classes", "target/lib/*")

JAVA = Language(
    name="Java",
    folder="java",
    needs=["java", "mvn"],
    build=[["mvn", "-B", "-q", "-ntp", "clean", "package", "-DskipTests"]],
    check=[["mvn", "-B", "-q", "-ntp", "-Plint", "clean", "test"]],
    runner=["java", "-cp", ":".join(_JAVA_CLASSES), "dev.synthserve.conformance.Runner"],
    example=[
        "java",
        "-cp",
        ":".join(str(ROOT / "clients/java" / classes) for classes in _JAVA_CLASSES),
        "dev.synthserve.example.Example",
    ],
)

CPP = Language(
    name="C++",
    folder="cpp",
    needs=["cmake", "c++", "protoc", "grpc_cpp_plugin", "clang-format"],
    build=[
        # First as its readers build it, who have no GoogleTest; then the rest.
        ["cmake", "-B", "build", "-DSYNTHSERVE_BUILD_TESTS=OFF"],
        ["cmake", "--build", "build", "--parallel", "2"],
        ["cmake", "--preset", "release"],
        ["cmake", "--build", "--preset", "release", "--parallel", "2"],
    ],
    check=[
        ["sh", "-c", "clang-format --dry-run --Werror */*.cpp */*.h include/synthserve/*.h"],
        ["ctest", "--preset", "release"],
    ],
    runner=["build/conformance/conformance_runner"],
    example=[str(ROOT / "clients/cpp/build/example")],
)

LANGUAGES = [PYTHON, GO, JAVA, NODE, CPP, RUST]
