"""A small network in which everything happens that a run can be cut in."""

import eventsim as es


def busy_network(seed: int = 3) -> es.Network:
    """LIF neurons with own delays, a drive, a source, a current and state recorders: active within milliseconds."""
    network = es.Network(seed=seed)
    exc = network.population(
        "exc", 80, es.LIF(v_th=20.0, v_reset=10.0, t_ref=2.0, v_init=es.Uniform(0.0, 20.0))
    )
    inh = network.population(
        "inh", 20, es.LIF(v_th=20.0, v_reset=10.0, t_ref=2.0, v_init=es.Uniform(0.0, 20.0))
    )
    for source, weight in ((exc, 1.0), (inh, -4.0)):
        for target in (exc, inh):
            network.connect(source, target, es.FixedIndegree(10), weight=weight, delay=es.Uniform(0.5, 5.0))
    network.drive(exc, 8000.0, 0.2)
    network.drive(inh, 8000.0, 0.2)
    clock = network.source("clock", es.RegularSpikes(interval_ms=7.0), size=1)
    network.connect(clock, exc, es.AllToAll(), weight=0.5)
    network.record_spikes(clock)
    network.record_state(exc[:3], "v", [0.0, 1.0, 10.5, 40.0])
    network.current(exc[:5], [20.0, 33.0], [300.0, 0.0])
    return network
