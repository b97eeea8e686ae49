"""The sort by (time, label) against NumPy's, on times that are spread, clustered, equal or wrongly bounded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.build.streams.buffer import EventBuffer


def sorted_by_kernel(times, labels, low, high):
    buffer = EventBuffer()
    n = times.size
    buffer.reserve(n, 0)
    buffer.events.times[:n], buffer.events.labels[:n] = times, labels
    buffer.sort(n, low, high)
    return buffer.events.times[:n].copy(), buffer.events.labels[:n].copy()


def check(times, labels, low, high):
    order = np.lexsort((labels, times))
    got = sorted_by_kernel(times, labels, low, high)
    np.testing.assert_array_equal(got[0], times[order])
    np.testing.assert_array_equal(got[1], labels[order])


@settings(deadline=None)
@given(
    times=st.lists(
        st.one_of(st.sampled_from([0.0, 1.0, 0.1 + 0.2, 0.3]), st.floats(0.0, 100.0)), max_size=60
    ),
    data=st.data(),
)
def test_small_lists_with_ties(times, data):
    labels = data.draw(st.lists(st.integers(0, 5), min_size=len(times), max_size=len(times)))
    values = np.array(times, np.float64)
    check(values, np.array(labels, np.uint32), values.min(initial=100.0), 100.0)


@pytest.mark.parametrize("n", [1, 2, 1023, 1024, 5000, 100_000])
@pytest.mark.parametrize("kind", ["uniform", "cluster", "equal", "descending", "few values", "adjacent"])
def test_shapes_of_time(n, kind):
    random = np.random.default_rng(n)
    times = {
        "uniform": lambda: random.random(n),
        "cluster": lambda: np.where(
            random.random(n) < 0.99, 0.5 + 1e-12 * random.random(n), random.random(n)
        ),
        "equal": lambda: np.full(n, 0.5),
        "descending": lambda: np.linspace(1.0, 0.0, n),
        "few values": lambda: random.integers(0, 3, n) / 3.0,
        "adjacent": lambda: 0.5 + np.spacing(0.5) * random.integers(0, 4, n),
    }[kind]()
    labels = random.integers(0, 2**32, n, dtype=np.uint32)
    check(times, labels, 0.0, 1.0)
    check(times, labels, float(times.min()), float(times.max()))


def test_a_bound_that_is_far_too_wide_is_only_slower():
    random = np.random.default_rng(3)
    check(random.random(20_000), random.integers(0, 9, 20_000, dtype=np.uint32), 0.0, 1e12)


def test_many_times_in_one_cluster():
    """Of which insertion alone, quadratic, would take half a minute."""
    random = np.random.default_rng(5)
    times = 0.5 + 1e-13 * random.random(300_000)
    check(times, random.integers(0, 9, times.size, dtype=np.uint32), 0.0, 1.0)
