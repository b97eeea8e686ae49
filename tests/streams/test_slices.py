"""Streams as a whole: order, ties, cuts, restoring, independence, memory."""

import itertools
import math
import resource

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.build.streams import CurrentStream, DriveStream, SpikeStream
from eventsim.errors import InputError
from eventsim.network.inputs import PiecewiseRate, PoissonSpikes, RegularSpikes, SpikeTrains
from eventsim.network.network import Network
from tests.streams.networks import Neuron, neurons, read

STREAMS = [SpikeStream, DriveStream, CurrentStream]


def mixed(seed=4, extra=False):
    """Every kind of input; with extra, inputs that come after and must change nothing."""
    network = Network(seed=seed)
    network.source("regular", RegularSpikes(interval_ms=0.7, start_ms=0.1, stop_ms=20.0), 3)
    network.population("n", 6, Neuron())
    network.source("poisson", PoissonSpikes(np.array([50.0, 0.0, 3000.0, 400.0])))
    network.source("trains", SpikeTrains([[0.0, 0.1, 0.8, 0.8, 15.0], [0.1, 29.0], []]))
    network.source("bursts", PoissonSpikes(PiecewiseRate([0.0, 5.0, 6.0], [100.0, 0.0, 2000.0])), 70)
    network.source("own", RegularSpikes(interval_ms=np.array([1.0, 2.0]), start_ms=0.1))
    network.drive("n", 2000.0, 1.0)
    network.drive(network["n"][2:5], PiecewiseRate([3.0, 9.0], [800.0, 0.0]), -1.0)
    network.drive("n", [100.0, 0.0, 50.0, 1000.0, 3.0, 10.0], 1.0)
    network.current("n", [0.0, 5.0, 5.5], [1.0, 2.0, 3.0])
    network.current(network["n"][[4, 1]], [5.0, 25.0], [[1.0, 2.0], [3.0, 4.0]])
    if extra:
        network.source("more", PoissonSpikes(5000.0), 10)
        network.drive("n", 9000.0, 1.0)
    return network


def assert_same(a, b):
    for x, y in zip(a, b, strict=True):
        assert x.dtype == y.dtype
        assert x.tobytes() == y.tobytes()


@pytest.mark.parametrize("stream", STREAMS)
@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.one_of(st.floats(0.0, 30.0), st.sampled_from([0.0, 0.1, 0.8, 5.0])), max_size=12))
def test_cuts_change_nothing(stream, cuts):
    network = mixed()
    assert_same(read(stream(network), [30.0]), read(stream(network), [*sorted(cuts), 30.0]))


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("cut", [-1.0, 0.0, 0.1, 5.0, 13.37, 30.0])
def test_a_fresh_object_goes_on_from_a_state(stream, cut):
    whole, first = stream(mixed()), stream(mixed())
    begin = read(first, [cut])
    state = first.state()
    read(first, [40.0], cut)  # what goes on here must not reach the state
    second = stream(mixed())
    second.restore(state)
    assert second.next_time() > cut
    rest = read(second, [20.0 + cut, 60.0], cut)
    assert_same(read(whole, [60.0]), [np.concatenate(pair) for pair in zip(begin, rest, strict=True)])


@pytest.mark.parametrize("stream", [SpikeStream, DriveStream])
def test_other_inputs_change_nothing(stream):
    size, drives = mixed().size, 3
    alone, among = read(stream(mixed()), [30.0]), read(stream(mixed(extra=True)), [30.0])
    kept = (among[1] < size) & (among[2] < drives if len(among) == 3 else True)
    assert kept.sum() < kept.size
    assert_same(alone, [column[kept] for column in among])


@pytest.mark.parametrize("stream", STREAMS)
def test_the_order_is_total_and_the_seed_counts(stream):
    columns = read(stream(mixed()), [30.0])
    assert columns[0].size > 10
    if stream is not CurrentStream:
        keys = columns[:0:-1] if stream is SpikeStream else [columns[1], columns[2]]
        order = np.lexsort((*keys, columns[0]))
        np.testing.assert_array_equal(order, np.arange(order.size))
        assert read(stream(mixed(seed=5)), [30.0])[0].tobytes() != columns[0].tobytes()


def test_ties_of_several_populations_are_in_order_of_id():
    network = Network()
    network.source("late", RegularSpikes(1.0), 2)
    network.source("trains", SpikeTrains([1.0, 1.0, 2.0, 2.0], [0, 1, 0, 0], 2))
    network.source("own", RegularSpikes(interval_ms=np.array([1.0, 0.5])))
    times, ids = read(SpikeStream(network), [2.0])
    expected = [(0.0, i) for i in (0, 1, 4, 5)] + [(0.5, 5)] + [(1.0, i) for i in range(6)] + [(1.5, 5)]
    expected += [(2.0, i) for i in (0, 1, 2, 2, 4, 5)]
    assert list(zip(times, ids, strict=True)) == expected


def test_regular_spikes_do_not_drift_and_stop_before_the_end():
    network = Network()
    network.source("r", RegularSpikes(interval_ms=0.1, start_ms=0.3, stop_ms=1000.0))
    times, _ = read(SpikeStream(network), [100.0 * k for k in range(1, 12)])
    expected = 0.3 + np.arange(9998) * 0.1
    assert times.tobytes() == expected[expected < 1000.0].tobytes()


def test_a_first_slice_takes_time_zero_and_a_next_one_not_its_begin():
    network = Network()
    network.source("t", SpikeTrains([[0.0, 1.0, 2.0]]))
    stream = SpikeStream(network)
    assert stream.next_time() == 0.0
    assert stream.slice(-math.inf, 1.0)[0].tolist() == [0.0, 1.0]
    assert stream.slice(1.0, 2.0)[0].tolist() == [2.0]
    assert stream.next_time() == math.inf


def test_silence_is_known_beforehand():
    network = neurons(5)
    network.source("none", PoissonSpikes(0.0), 4)
    network.source("over", RegularSpikes(1.0, start_ms=5.0, stop_ms=5.0))
    network.drive("n", PiecewiseRate([0.0, 1.0], [0.0, 0.0]), 1.0)
    for stream in STREAMS:
        assert stream(network).next_time() == math.inf
        assert stream(network).slice(-math.inf, 1e6)[0].size == 0
        assert stream(neurons(1)).next_time() == math.inf
        assert stream(neurons(1)).expected_rate_per_ms(0.0) == 0.0


def test_currents_are_in_order_of_declaration_and_neuron():
    network = neurons(4)
    network.current(network["n"][[3, 1]], [1.0, 2.0], [[30.0, 10.0], [31.0, 11.0]], name="a")
    network.current("n", [1.0], [5.0], name="b")
    times, ids, values = read(CurrentStream(network), [1.5, 3.0])
    assert times.tolist() == [1.0] * 6 + [2.0] * 2
    assert ids.tolist() == [1, 3, 0, 1, 2, 3, 1, 3]
    assert values.tolist() == [10.0, 30.0, 5.0, 5.0, 5.0, 5.0, 11.0, 31.0]


@pytest.mark.parametrize("stream", STREAMS)
def test_slices_that_do_not_follow_are_refused(stream):
    it = stream(mixed())
    with pytest.raises(InputError, match="t0 = 0"):
        it.slice(0.0, 1.0)
    it.slice(-math.inf, 1.0)
    with pytest.raises(InputError, match="ended at 1"):
        it.slice(2.0, 3.0)
    with pytest.raises(InputError, match="t1"):
        it.slice(1.0, 0.5)
    with pytest.raises(InputError, match="finite"):
        it.slice(1.0, math.inf)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_state_of_another_network_is_refused(stream):
    state = stream(mixed()).state()
    with pytest.raises(InputError, match="missing"):
        stream(mixed()).restore({})
    if stream is DriveStream:
        other = neurons(7)
        other.drive("n", 1.0, 1.0)
        with pytest.raises(InputError, match="another network"):
            stream(other).restore(state)


def test_slices_are_read_only():
    for stream in (SpikeStream, DriveStream):
        for column in stream(mixed()).slice(-math.inf, 30.0):
            assert not column.flags.writeable


def test_memory_does_not_grow_with_the_duration():
    network = neurons(1000)
    network.drive("n", 20_000.0, 1.0)
    stream = DriveStream(network)
    read_slices(stream, 0, 5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    events = read_slices(stream, 5, 205)  # 4 million events, 56 MB if kept
    assert events > 3_900_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000  # kB


def read_slices(stream, first, last):
    ends = [float(k) if k else -math.inf for k in range(first, last + 1)]
    return sum(stream.slice(t0, t1)[0].size for t0, t1 in itertools.pairwise(ends))
