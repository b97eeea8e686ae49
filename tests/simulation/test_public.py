"""What `import eventsim` promises."""

import numpy as np
import pytest

import eventsim as es
from eventsim.recording.memory import MemorySink
from eventsim.recording.simulate import population_table, recorder_table


@pytest.mark.parametrize("name", es.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(es, name) is not None


def two_variables() -> es.Network:
    network = es.Network(seed=2)
    cells = network.population("cells", 4, es.Izhikevich(i_e=es.Uniform(6.0, 14.0)))
    network.connect(cells, cells, es.FixedIndegree(2), weight=1.0, delay=es.Uniform(1.0, 5.0))
    network.record_state(cells, "v", [10.0, 35.5])
    return network


def test_izhikevich_neurons_go_on_from_a_file_with_the_same_bytes(tmp_path) -> None:
    """Their state holds arrays of coefficients."""
    whole = es.simulate(two_variables(), 60.0)
    network = two_variables()
    sink = MemorySink(population_table(network), recorder_table(network))
    simulation = es.Simulation(network, sink=sink)
    simulation.run(23.4)
    es.save_state(simulation, tmp_path / "state.h5")
    rest = es.load_state(tmp_path / "state.h5", sink=sink)
    rest.run_until(60.0)
    results = sink.results(60.0, rest.counts)
    assert len(whole.spikes("cells")) > 3
    assert results.spikes("cells").times.tobytes() == whole.spikes("cells").times.tobytes()
    assert np.array_equal(results.spikes("cells").ids, whole.spikes("cells").ids)
    assert results.states(0).values.tobytes() == whole.states(0).values.tobytes()
