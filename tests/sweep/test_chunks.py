"""How points are dealt out."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.sweep.chunks import chunks


@settings(deadline=None)
@given(st.lists(st.integers(0, 8), max_size=200), st.integers(1, 5))
def test_every_point_once_and_networks_whole(networks: list[int], workers: int) -> None:
    points = list(enumerate(networks))
    dealt = list(chunks(points, lambda point: str(point[1]), workers))
    assert sorted(point for portion in dealt for point in portion) == points
    assert all(dealt)
    cut = {n for n in networks if sum(any(point[1] == n for point in portion) for portion in dealt) > 1}
    assert len(cut) <= (workers if workers > 1 else 0)


def test_portions_shrink_towards_the_end() -> None:
    sizes = [len(portion) for portion in chunks(range(1000), lambda _: "one", 2)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 125
    assert sizes[-4:] == [1, 1, 1, 1]


def test_one_network_a_task_while_there_are_more_than_workers() -> None:
    points = [(network, k) for network in range(10) for k in range(21)]
    dealt = list(chunks(points, lambda point: str(point[0]), 2))
    whole = [{point[0] for point in portion} for portion in dealt if len(portion) % 21 == 0]
    assert len(set().union(*whole)) == 8
