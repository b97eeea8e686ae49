"""How points are handed out: together where they share a network, in ever smaller portions towards the end."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_PORTIONS_A_WORKER = 4


def chunks(points: Sequence[T], network_of: Callable[[T], str], workers: int) -> Iterator[list[T]]:
    """The points in portions, one for each task.

    Points of one network stay together, so that one worker builds it and no other; as long as networks are left for
    all, a portion is made of whole ones.  The points of the last ones are dealt out by guided self-scheduling
    (Polychronopoulos and Kuck 1987): each portion is a part of what is left, so that all workers end together.
    """
    together: dict[str, list[T]] = {}
    for point in points:
        together.setdefault(network_of(point), []).append(point)
    left = len(points)
    networks = list(together.values())
    whole = max(len(networks) - workers, 0) if workers > 1 else len(networks)
    portion: list[T] = []
    for number, network in enumerate(networks):
        if number < whole:
            portion += network
            if len(portion) >= _fair(left, workers):
                yield portion
                left, portion = left - len(portion), []
            continue
        if portion:
            yield portion
            left, portion = left - len(portion), []
        rest = iter(network)
        while piece := list(itertools.islice(rest, _fair(left, workers))):
            yield piece
            left -= len(piece)
    if portion:
        yield portion


def _fair(left: int, workers: int) -> int:
    return max(1, math.ceil(left / (_PORTIONS_A_WORKER * workers)))
