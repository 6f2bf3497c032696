from hypothesis import given
from hypothesis import strategies as st

from synthserve_core.compute.ranges import cut


@given(start=st.integers(0, 2**63), length=st.integers(1, 3000), first=st.integers(1, 200), size=st.integers(1, 900))
def test_frames_cover_the_range_in_order(start: int, length: int, first: int, size: int) -> None:
    frames = list(cut(start, start + length, first, size))
    assert [low for low, _ in frames] == [start + sum(count for _, count in frames[:i]) for i in range(len(frames))]
    assert sum(count for _, count in frames) == length
    assert frames[0][1] <= min(first, size)
    assert all(1 <= count <= size for _, count in frames)
    assert all((low + count) % size == 0 for low, count in frames[1:-1])


def test_an_empty_range_gives_one_empty_frame() -> None:
    assert list(cut(5, 5, 10, 10)) == [(5, 0)]
