from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from synthserve_server.scheduling.fair_queue import FairQueue, Flow

HEAD_START = 0.05


def work(queue: FairQueue[str], turns: int, seconds: Callable[[str], float]) -> list[str]:
    """Takes items one after the other; each flow that is taken from gets a new item, as a stream does that goes on."""
    taken = []
    for _ in range(turns):
        found = queue.take()
        assert found is not None
        flow, item = found
        taken.append(item)
        queue.put(flow, item)
        queue.done(flow, seconds(item))
    return taken


def endless(queue: FairQueue[str], *names: str) -> dict[str, Flow[str]]:
    flows = {name: Flow[str]() for name in names}
    for name, flow in flows.items():
        queue.put(flow, name)
    return flows


@given(costs=st.lists(st.floats(0.001, 0.2), min_size=2, max_size=6))
def test_endless_flows_get_the_same_time(costs: list[float]) -> None:
    queue: FairQueue[str] = FairQueue(HEAD_START)
    cost = dict(zip("abcdef", costs, strict=False))
    flows = endless(queue, *cost)
    work(queue, 500, cost.__getitem__)
    used = [flow.used for flow in flows.values()]
    # Never further apart than one item each, wherever it is looked at.
    assert max(used) - min(used) <= max(costs) + HEAD_START + 1e-9


def test_new_flow_is_next_until_its_head_start_is_used_up() -> None:
    queue: FairQueue[str] = FairQueue(HEAD_START)
    endless(queue, *"abcdefgh")
    work(queue, 100, lambda _: 0.02)
    endless(queue, "new")
    taken = work(queue, 27, lambda _: 0.02)
    assert taken.index("new") <= 8  # at most those go before it that have fallen behind
    assert taken.count("new") in range(3, 8)


def test_flood_of_short_flows_does_not_starve_a_long_one() -> None:
    queue: FairQueue[str] = FairQueue(HEAD_START)
    endless(queue, "long")
    taken = []
    for _ in range(300):
        if not queue.has_new():
            queue.put(Flow(), "short")  # each call is a flow of its own
        found = queue.take()
        assert found is not None
        taken.append(found[1])
        queue.done(found[0], 0.01)
        if found[1] == "long":
            queue.put(found[0], "long")
    assert taken.count("long") > 100


def test_flow_that_was_away_has_saved_up_nothing() -> None:
    queue: FairQueue[str] = FairQueue(HEAD_START)
    away = Flow[str]()
    queue.put(away, "away")
    assert queue.take() is not None
    queue.done(away, 0.2)
    endless(queue, "there")
    work(queue, 100, lambda _: 0.1)
    queue.put(away, "away")
    assert work(queue, 20, lambda _: 0.1).count("away") <= 11


def test_items_of_a_flow_keep_their_order_and_alike_ones_are_taken_from_the_heads_only() -> None:
    queue: FairQueue[str] = FairQueue(HEAD_START)
    first, second, third = Flow[str](), Flow[str](), Flow[str]()
    for flow, items in ((first, ["a1", "a2"]), (second, ["b1", "x", "b2"]), (third, ["x", "b3"])):
        for item in items:
            queue.put(flow, item)
    assert queue.length == 7
    assert queue.take() == (first, "a1")
    batch = queue.take_batch(first, lambda item: item != "x", 10)
    assert batch == [(second, "b1"), (first, "a2")]
    assert queue.take_batch(first, lambda item: True, 0) == []
    assert queue.length == 4
    rest = []
    while found := queue.take():
        rest.append(found[1])
    assert rest == ["x", "x", "b3", "b2"]
    assert queue.length == 0


def test_new_flow_gets_no_company_of_old_ones() -> None:
    queue: FairQueue[str] = FairQueue(HEAD_START)
    old, new, other = Flow[str](), Flow[str](), Flow[str]()
    queue.put(old, "old")
    assert queue.take() == (old, "old")
    queue.done(old, 2 * HEAD_START)
    for flow, item in ((old, "old"), (new, "new"), (other, "other")):
        queue.put(flow, item)
    assert queue.take_new() == (new, "new")
    assert queue.take_batch(new, lambda _: True, 10) == [(other, "other")]
    queue.put(other, "other")
    assert queue.take_batch(old, lambda _: True, 10) == [(other, "other"), (old, "old")]


def test_cleared_flow_is_gone_and_can_come_back() -> None:
    queue: FairQueue[str] = FairQueue(HEAD_START)
    flow, other = Flow[str](), Flow[str]()
    queue.put(flow, "a")
    queue.put(flow, "b")
    queue.put(other, "c")
    assert queue.clear(flow) == ["a", "b"]
    assert queue.clear(flow) == []
    assert queue.take() == (other, "c")
    assert queue.take() is None
    queue.done(other, 1.0)
    queue.put(flow, "d")
    assert queue.take() == (flow, "d")


@given(st.data())
def test_counts_come_out_right(data: st.DataObject) -> None:
    queue: FairQueue[int] = FairQueue(HEAD_START)
    flows = [Flow[int]() for _ in range(4)]
    waiting: dict[int, list[int]] = {number: [] for number in range(4)}
    running: list[int] = []
    for step in range(data.draw(st.integers(0, 60))):
        act = data.draw(st.sampled_from(["put", "take", "done", "clear"]))
        number = data.draw(st.integers(0, 3))
        if act == "put":
            queue.put(flows[number], step)
            waiting[number].append(step)
        elif act == "take":
            found = queue.take()
            assert (found is None) == (not any(waiting.values()))
            if found:
                number = flows.index(found[0])
                assert waiting[number].pop(0) == found[1]
                running.append(number)
        elif act == "done" and running:
            queue.done(flows[running.pop()], data.draw(st.floats(0, 1)))
        elif act == "clear":
            assert queue.clear(flows[number]) == waiting[number]
            waiting[number] = []
        assert queue.length == sum(map(len, waiting.values()))
        active = {number for number in range(4) if waiting[number]} | set(running)
        assert queue.active == len(active)
