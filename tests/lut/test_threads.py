"""Threads of training: where they start, and how many of them are used."""

import os

import pytest

from eventsim.lut.team import work_together
from eventsim.lut.thread_choice import TRIED_EVERY, ThreadChoice


def stretches(choice, seconds, n, steps=100):
    """What `choice` says for ``n`` stretches that take ``seconds`` by number of threads."""
    said = []
    for _ in range(n):
        said.append(choice.next(steps))
        choice.took(said[-1][0], seconds[said[-1][0]])
    return said


def test_the_faster_is_used_and_the_other_tried_now_and_then():
    choice = ThreadChoice(2)
    said = stretches(choice, {1: 1.0, 2: 0.6}, TRIED_EVERY + 1)
    assert said == [(2, 25), (1, 25), (2, 25), *[(2, 100)] * (TRIED_EVERY - 3), (1, 25)]
    later = stretches(choice, {1: 1.0, 2: 3.0}, TRIED_EVERY)  # others have come to the machine
    assert later == [(2, 100), *[(1, 100)] * (TRIED_EVERY - 2), (2, 25)]
    assert stretches(ThreadChoice(1), {1: 1.0}, 2, steps=1) == [(1, 1), (1, 1)]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not place threads")
def test_threads_may_go_where_the_caller_may():
    seen = {}
    work_together(lambda team: seen.update({team.thread: os.sched_getaffinity(0)}), 3)
    assert seen == dict.fromkeys(range(3), os.sched_getaffinity(0))
