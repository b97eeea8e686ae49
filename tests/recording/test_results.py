"""Results in memory, and what they are turned into."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from eventsim.errors import InputError, MissingDataError
from eventsim.recording.memory import MemorySink
from eventsim.recording.results import Results
from tests.recording.runs import COUNTS, POPULATIONS, made_up_run, play

RUN = made_up_run(2_000)


@pytest.fixture
def results() -> Results:
    sink = MemorySink(POPULATIONS, RUN.recorders)
    play(RUN, sink, (100, 100, 1_500), (3,))
    return sink.results(100.0, COUNTS)


def test_spikes_are_those_recorded_and_read_only(results: Results) -> None:
    assert list(results.populations) == ["excitatory", "inhibitory", "silent"]
    for name, population in results.populations.items():
        raster = results.spikes(name)
        times, ids = RUN.expected(population)
        np.testing.assert_array_equal(raster.times, times)
        np.testing.assert_array_equal(raster.ids, ids)
        assert results.spike_count(name) == len(raster) == len(times)
        np.testing.assert_array_equal(raster.counts(), np.bincount(ids, minlength=population.size))
        with pytest.raises(ValueError, match="read-only"):
            raster.times[:0] = 0.0


def test_one_neuron_and_its_intervals(results: Results) -> None:
    raster = results.spikes("inhibitory")
    trains = [raster.of(neuron) for neuron in range(10)]
    intervals, neurons = raster.intervals()
    for neuron, train in enumerate(trains):
        np.testing.assert_array_equal(np.diff(train), intervals[neurons == neuron])
    with pytest.raises(InputError, match="neurons 0 to 9"):
        raster.of(10)


def test_a_slice_of_time_is_half_open(results: Results) -> None:
    times, ids = RUN.expected(POPULATIONS[0])
    part = results.spikes("excitatory", 10.0, 20.0)
    inside = (times >= 10.0) & (times < 20.0)
    np.testing.assert_array_equal(part.times, times[inside])
    np.testing.assert_array_equal(part.ids, ids[inside])


def test_rates_counts_states(results: Results) -> None:
    spikes = len(RUN.expected(POPULATIONS[2])[0])
    assert results.rate_hz("inhibitory") == pytest.approx(spikes / 10 / 0.1)
    assert results.rate_hz("silent") == 0.0
    assert results.counts["synaptic_events"] == 12
    trace = results.states(0)
    assert trace.label == "inhibitory.v"
    np.testing.assert_array_equal(trace.values, RUN.samples)
    np.testing.assert_array_equal(trace.neurons, [1, 3, 5, 9])
    with pytest.raises(InputError, match="1 state recorders"):
        results.states(1)
    with pytest.raises(InputError, match="recorder = 'v': a whole number is needed"):
        results.states("v")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="neuron = -1: must be at least 0"):
        results.spikes("inhibitory").of(-1)
    with pytest.raises(InputError, match="stop_ms = 'end': a number is needed"):
        results.spikes("inhibitory", 0.0, "end")  # type: ignore[arg-type]


def test_unknown_population_names_the_nearest(results: Results) -> None:
    for ask in (results.spikes, results.rate_hz, results.spike_count):
        with pytest.raises(InputError, match="did you mean 'inhibitory'"):
            ask("inhibitry")


def test_later_spikes_leave_earlier_results_alone() -> None:
    sink = MemorySink([("a", 0, 2)])
    times, ids = np.array([1.0]), np.array([1], dtype=np.uint32)
    sink.spikes(times, ids)
    before = sink.results(2.0)
    times[0] = 3.0  # an engine may use its buffer again
    sink.spikes(times, ids)
    assert before.spikes("a").times.tolist() == [1.0]
    assert sink.results(4.0).spikes("a").times.tolist() == [1.0, 3.0]


def test_an_empty_run_has_no_rate() -> None:
    results = MemorySink([("a", 0, 2)]).results(0.0)
    assert np.isnan(results.rate_hz("a"))
    assert len(results.to_pandas()) == 0
    assert "a: 2 neurons, 0 spikes" in repr(results)


def test_to_pandas_holds_every_spike(results: Results) -> None:
    table = results.to_pandas()
    assert list(table.columns) == ["time_ms", "population", "neuron"]
    for name in results.populations:
        mine = table[table["population"] == name]
        np.testing.assert_array_equal(mine["time_ms"], results.spikes(name).times)
        np.testing.assert_array_equal(mine["neuron"], results.spikes(name).ids)


def test_to_neo_holds_every_spike_and_trace(results: Results) -> None:
    block = results.to_neo()
    assert [segment.name for segment in block.segments] == list(results.populations)
    for segment in block.segments:
        raster = results.spikes(segment.name)
        assert len(segment.spiketrains) == raster.size
        for neuron, train in enumerate(segment.spiketrains):
            np.testing.assert_array_equal(train.rescale("ms").magnitude, raster.of(neuron))
            assert float(train.t_stop.rescale("ms")) >= results.duration_ms
    (signal,) = block.segments[1].irregularlysampledsignals
    np.testing.assert_array_equal(signal.magnitude, RUN.samples)


@pytest.mark.parametrize(("package", "convert"), [("neo", Results.to_neo), ("pandas", Results.to_pandas)])
def test_a_missing_package_names_the_extra(
    results: Results, monkeypatch: pytest.MonkeyPatch, package: str, convert: object
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDataError, match=rf'pip install "eventsim\[{package}\]"'):
        convert(results)  # type: ignore[operator]
