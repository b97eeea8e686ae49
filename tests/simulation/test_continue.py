"""A run cut anywhere, in memory or through a file and another process, equals the run that was not cut."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eventsim as es
from eventsim.errors import FileFormatError, InputError, MissingDataError
from eventsim.recording.memory import MemorySink
from eventsim.recording.results import Results
from eventsim.recording.simulate import population_table, recorder_table
from tests.simulation.networks import busy_network

DURATION_MS = 60.0


def sink_of(network: es.Network) -> MemorySink:
    return MemorySink(population_table(network), recorder_table(network))


def assert_same(one: Results, other: Results) -> None:
    assert one.counts == other.counts
    for name in ("exc", "inh", "clock"):
        a, b = one.spikes(name), other.spikes(name)
        assert len(a) > 0
        assert a.times.tobytes() == b.times.tobytes()
        assert np.array_equal(a.ids, b.ids)
    assert one.states(0).times.tobytes() == other.states(0).times.tobytes()
    assert one.states(0).values.tobytes() == other.states(0).values.tobytes()


@pytest.fixture(scope="module")
def whole() -> Results:
    return es.simulate(busy_network(), DURATION_MS)


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.one_of(st.floats(0.0, DURATION_MS), st.sampled_from([7.0, 10.5, 20.0])), max_size=6))
def test_a_split_run_is_the_whole_run(whole: Results, cuts: list[float]) -> None:
    network = busy_network()
    sink = sink_of(network)
    simulation = es.Simulation(network, sink=sink)
    for cut in sorted(cuts):
        simulation.run_until(cut)
    simulation.run_until(DURATION_MS)
    assert_same(sink.results(DURATION_MS, simulation.counts), whole)


def test_another_process_goes_on_with_the_same_bytes(whole: Results, tmp_path: Path) -> None:
    network = busy_network()
    sink = sink_of(network)
    simulation = es.Simulation(network, sink=sink)
    simulation.run(23.4)
    es.save_state(simulation, tmp_path / "state.h5")
    code = f"""
import numpy as np, eventsim as es
from eventsim.recording.memory import MemorySink
from eventsim.recording.simulate import population_table, recorder_table
simulation = es.load_state({str(tmp_path / "state.h5")!r})
simulation.sink = sink = MemorySink(population_table(simulation.network), recorder_table(simulation.network))
simulation.run_until({DURATION_MS})
results = sink.results({DURATION_MS}, simulation.counts)
spikes = {{name: results.spikes(name) for name in ("exc", "inh", "clock")}}
np.savez({str(tmp_path / "rest.npz")!r}, counts=list(results.counts.values()),
         **{{f"{{k}}_t": v.times for k, v in spikes.items()}}, **{{f"{{k}}_i": v.ids for k, v in spikes.items()}})
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    rest = np.load(tmp_path / "rest.npz")
    assert rest["counts"].tolist() == list(whole.counts.values())
    before = sink.results(23.4)
    for name in ("exc", "inh", "clock"):
        times = np.concatenate([before.spikes(name).times, rest[f"{name}_t"]])
        ids = np.concatenate([before.spikes(name).ids, rest[f"{name}_i"]])
        assert times.tobytes() == whole.spikes(name).times.tobytes()
        assert np.array_equal(ids, whole.spikes(name).ids)


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        es.simulate(busy_network(seed), 20.0, path=tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_a_truncated_or_foreign_state_is_refused_in_one_line(tmp_path: Path) -> None:
    simulation = es.Simulation(busy_network())
    es.save_state(simulation, tmp_path / "state.h5")
    data = (tmp_path / "state.h5").read_bytes()
    for length in (0, 100, len(data) // 2, len(data) - 1000):
        (tmp_path / "cut.h5").write_bytes(data[:length])
        with pytest.raises(FileFormatError, match=r"cut\.h5") as caught:
            es.load_state(tmp_path / "cut.h5")
        assert "\n" not in str(caught.value)
    with pytest.raises(MissingDataError):
        es.load_state(tmp_path / "none.h5")


@pytest.mark.parametrize("duration", [-1.0, float("nan"), float("inf"), "long"])
def test_a_duration_that_is_none_is_refused(duration: object) -> None:
    with pytest.raises(InputError, match="duration_ms"):
        es.Simulation(busy_network()).run(duration)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(InputError, match="engine = 'windows'"):
        es.Simulation(busy_network(), engine="windows")
    with pytest.raises(InputError, match=r"engine = array.*: one of auto, window, queue, simpy is needed"):
        es.Simulation(busy_network(), engine=np.ones(2))  # type: ignore[arg-type]
    for wrong in (es.Simulation, lambda network: es.simulate(network, 1.0), es.World):
        with pytest.raises(InputError, match=r"network = 'net\.es': a Network is needed"):
            wrong("net.es")
    with pytest.raises(InputError, match="threads = 0"):
        es.Simulation(busy_network(), threads=0)


def test_arrays_handed_out_are_read_only(whole: Results) -> None:
    with pytest.raises(ValueError, match="read-only"):
        whole.spikes("exc").times[0] = 0.0
