"""Values that strangers wrote, in messages."""

from synthserve_core.quoting import listed


def test_long_lists_are_cut() -> None:
    assert listed([]) == "none"
    assert listed(["a", "b"]) == "a, b"
    assert listed(str(number) for number in range(30)).endswith("18, 19 and 10 more")
