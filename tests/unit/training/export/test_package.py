"""A package appears whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from synthserve.v1.manifest_pb2 import Manifest
from synthserve_training.export import package


class Graphs(dict[str, bytes]):
    """Graphs of which only the first can be had before something ends the writing."""

    def __init__(self, end: BaseException) -> None:
        super().__init__({"generate.onnx": b"graph", "score.onnx": b"graph"})
        self.end = end

    def items(self) -> Iterator[tuple[str, bytes]]:  # type: ignore[override]
        yield from list(super().items())[:1]
        raise self.end


@pytest.mark.parametrize(
    ("end", "said"), [(KeyboardInterrupt(), "^$"), (SystemExit(143), "143"), (OSError(28, "No space left"), "t/1")]
)
def test_writing_that_is_ended_leaves_nothing(end: BaseException, said: str, tmp_path: Path) -> None:
    with pytest.raises(type(end), match=said):
        package.put(tmp_path / "t" / "1", Graphs(end), Manifest())
    assert list((tmp_path / "t").iterdir()) == []
