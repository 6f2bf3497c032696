"""What stands in for Docker in tests reads as Docker does."""

from pathlib import Path

import pytest
from tests.fixtures.dockerfile import Ignore, lineage, parse, substituted

TEXT = """
# syntax=docker/dockerfile:1
ARG BASE=python:3
FROM ${BASE}-slim AS one
ENV A=1 B="two words" \\
# in between
    C=$A
RUN a \\
 && b "$A"
FROM one AS two
COPY --from=one --chown=1:1 /a /b c
ENTRYPOINT ["x", "y z"]
FROM two
"""


def test_parse() -> None:
    one, two, last = parse(TEXT)
    assert (one.name, one.base, two.base, last.name) == ("one", "python:3-slim", "one", "2")
    assert one.all("ENV")[0].pairs == {"A": "1", "B": "two words", "C": "$A"}
    assert one.all("RUN")[0].value.split() == ["a", "&&", "b", '"$A"']
    (copy,) = two.all("COPY")
    assert (copy.flags, copy.words) == ({"from": "one", "chown": "1:1"}, ["/a", "/b", "c"])
    assert two.all("ENTRYPOINT")[0].words == ["x", "y z"]
    assert [stage.name for stage in lineage([one, two, last], "2")] == ["one", "two", "2"]
    assert substituted("$A/${B}$C", {"A": "1", "B": "2"}) == "1/2"
    with pytest.raises(ValueError, match="no instruction"):
        parse("FROM a\nrun b")


@pytest.mark.parametrize(
    ("path", "dropped"),
    [
        ("README.md", True),
        ("server/pyproject.toml", False),
        ("server/a/b/__pycache__/c.pyc", True),
        ("__pycache__/c.pyc", True),
        ("clients/go/go.mod", True),
        ("clients/python/synthserve/x.py", False),
        ("requirements/dev.txt", True),
        ("requirements/serve.txt", False),
        ("serverless/x", True),
    ],
)
def test_ignore(path: str, dropped: bool) -> None:
    rules = "*\n!clients/python\n!server\n!requirements/serve.txt\n**/__pycache__\n"
    assert Ignore(rules).drops(Path(path)) is dropped
