"""The mesh packet by packet: by hand, and beside the bound that it must meet where nothing waits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.hardware.bound import bound
from eventsim.hardware.chip import Chip, load_chip
from eventsim.hardware.costing import Cost, cost
from eventsim.hardware.feedback import compare_feedback
from eventsim.hardware.mesh import mesh_of
from eventsim.hardware.packets import simulate_packets
from eventsim.hardware.run import Run
from eventsim.models import IF
from eventsim.network import Explicit, Network, SpikeTrains
from eventsim.recording.memory import MemorySink
from eventsim.recording.results import PopulationInfo, Results
from tests.hardware.conftest import chip


def _run(trains: list[list[float]], synapses: list[tuple[int, int]], delay: float = 1.0) -> Run:
    """Sources with given spikes onto cells; source i and cell i are ids i and len(trains) + i."""
    n = len(trains)
    network = Network()
    inputs = network.source("inputs", SpikeTrains([np.array(t) for t in trains]), n)
    cells = network.population("cells", n, IF(v_th=1e9))
    pairs = np.array(synapses, np.uint32).reshape(-1, 2)
    network.connect(inputs, cells, Explicit(pairs[:, 0], pairs[:, 1]), delay=delay)
    network.record_spikes(inputs)
    counts = np.array([len(t) for t in trains] + [0] * n)
    infos = [PopulationInfo("inputs", 0, n), PopulationInfo("cells", n, n)]
    sink = MemorySink(infos)
    spikes = sorted((t, i) for i, train in enumerate(trains) for t in train)
    sink.spikes(np.array([t for t, _ in spikes]), np.array([i for _, i in spikes], np.uint32))
    results: Results = sink.results(10.0, {})
    return Run(network, counts, 10.0, results)


def _cost(run: Run, made: Chip, inputs: list[int], cells: list[int]) -> Cost:
    return cost(run, made, {"inputs": {"neurons": inputs}, "cells": {"neurons": cells}})


def test_one_packet_by_hand() -> None:
    """Tile 0 to tile 5: sent 2, two links east 3 + 3, one south 5, handed over 1, looked up 4, two synapses 14 (one
    word is read meanwhile): 32 ns."""
    run = _run([[1.0], []], [(0, 1), (0, 1)])
    priced = _cost(run, chip(), [0, 0], [0, 5])
    found = simulate_packets(run, priced.placed)
    assert found.released.tolist() == [1_000_000]
    assert found.latency.tolist() == found.uncontended.tolist() == [32]
    assert bound(run, priced.counts).step_ns.tolist() == [32.0]


def test_two_packets_wait_for_a_core_by_hand() -> None:
    """Both reach core 1 at 1 ms: sources on tiles 0 and 2, each 2 + 3 + 1 ns away; work is 4 + 7 ns each.  They are
    handed over one after the other (1 ns), and the second waits for the first's 11 ns."""
    run = _run([[1.0], [1.0]], [(0, 0), (1, 0)])
    priced = _cost(run, chip(), [0, 2], [1, 1])
    found = simulate_packets(run, priced.placed)
    assert sorted(found.latency.tolist()) == [17, 28]
    assert found.uncontended.tolist() == [17, 17]
    assert found.delayed_by_others.sum() == 1


def test_a_full_buffer_holds_packets_back_and_loses_none() -> None:
    """Twenty spikes at once into one core through buffers of one packet: the core works without a pause."""
    n = 20
    run = _run([[1.0]] * n, [(i, 0) for i in range(n)])
    made = chip(timing={"buffer_packets": 1})
    priced = _cost(run, made, [0] * n, [2] * n)
    found = simulate_packets(run, priced.placed)
    assert found.longest_queue == 1
    assert np.sort(found.done)[-1] - 1_000_000 == 2 + 3 + 3 + 1 + n * 11
    assert (np.diff(np.sort(found.done)) == 11).all()


def test_multicast_branches() -> None:
    run = _run([[1.0], [], []], [(0, 0), (0, 1), (0, 2)])
    mesh = {"columns": 3, "rows": 2, "cores_per_tile": 1, "routing": "multicast"}
    priced = _cost(run, chip(mesh=mesh), [0, 0, 0], [2, 4, 5])
    found = simulate_packets(run, priced.placed)
    assert found.latency.tolist() == found.uncontended.tolist() == [20, 22, 25]


def test_late_packets() -> None:
    """Accelerated so much that 1 ms of delay is 20 ns, a latency of 25 ns is too long."""
    run = _run([[1.0], []], [(0, 1)])
    priced = _cost(run, chip(), [0, 0], [0, 5])
    assert simulate_packets(run, priced.placed).late.sum() == 0
    fast = simulate_packets(run, priced.placed, acceleration=1e6 / 20)
    assert (fast.allowed.tolist(), fast.latency.tolist(), fast.late.tolist()) == ([20], [25], [True])


@pytest.mark.parametrize(("name", "reached"), [("loihi", 1), ("generic45", 3)])
def test_without_contention_every_step_takes_its_bound_to_the_cycle(name: str, reached: int) -> None:
    """Spikes alone in their time steps, and two in one step on different rows of tiles; by unicast each reaches one
    core, as its packets would wait for each other, by multicast three."""
    draw = np.random.default_rng(8)
    shipped = load_chip(name)
    made = shipped.model_copy(update={"timing": shipped.timing.model_copy(update={"tick_ms": 1.0})})
    mesh = mesh_of(made)
    trains = [[k + 0.3] for k in range(8)] + [[9.1], [9.2]]
    inputs, cells = draw.integers(0, mesh.n_cores, 10), draw.integers(0, mesh.n_cores, 10)
    row = mesh.tile_of_core // mesh.columns
    for k, rows in ((8, 0), (9, 1)):
        inputs[k], cells[k] = draw.choice(np.flatnonzero(row == rows), 2)
    targets = [[i, *(i + np.arange(1, reached)) % 8] if i < 8 else [i] for i in range(10)]
    synapses = [(i, int(t)) for i, some in enumerate(targets) for t in some for _ in range(1 + i)]
    run = _run(trains, synapses)
    priced = _cost(run, made, inputs.tolist(), cells.tolist())
    found, least = simulate_packets(run, priced.placed), bound(run, priced.counts)
    assert not found.delayed_by_others.any()
    step = run.spikes[0][found.spike].astype(np.int64)
    latest = np.zeros(10, np.int64)
    np.maximum.at(latest, step, found.latency)
    cycles = np.rint((least.step_ns - least.update - least.barrier_ns) / made.timing.cycle_ns)
    assert cycles.tolist() == latest.tolist()
    assert (latest > 0).sum() == 9  # nothing in step 8


_times = st.lists(st.integers(0, 30).map(float), min_size=0, max_size=4, unique=True).map(sorted)


@st.composite
def _cases(draw: st.DrawFn):
    n = draw(st.integers(1, 5))
    trains = [[t * 1e-5 for t in draw(_times)] for _ in range(n)]
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    synapses = draw(st.lists(pair, min_size=1, max_size=12))
    cores = st.lists(st.integers(0, 5), min_size=n, max_size=n)
    routing = draw(st.sampled_from(["unicast", "multicast"]))
    return trains, synapses, draw(cores), draw(cores), routing, draw(st.integers(1, 3))


@given(_cases())
@settings(max_examples=60, deadline=None)
def test_never_faster_than_the_bound_and_equal_without_contention(case) -> None:
    trains, synapses, inputs, cells, routing, buffer = case
    run = _run(trains, synapses)
    mesh = {"columns": 3, "rows": 2, "cores_per_tile": 1, "routing": routing}
    priced = _cost(run, chip(mesh=mesh, timing={"buffer_packets": buffer}), inputs, cells)
    found = simulate_packets(run, priced.placed)
    assert (found.done >= 0).all()
    assert (found.latency >= found.uncontended).all()
    if not found.spike.size:
        return
    times, _ = run.spikes
    if (times == times[0]).all():  # one batch: it takes at least what its largest core, link and path take
        assert found.done.max() - found.released.min() >= bound(run, priced.counts).step_ns[0]
    for spike in np.unique(found.spike):  # each spike alone meets its bound to the cycle
        alone = _run(
            [[times[spike]] if i == run.spikes[1][spike] else [] for i in range(len(trains))], synapses
        )
        mine = _cost(alone, priced.chip, inputs, cells)
        single = simulate_packets(alone, mine.placed)
        if single.delayed_by_others.any():
            continue  # its own packets stood in each other's way
        assert single.done.max() - single.released.min() == bound(alone, mine.counts).step_ns[0]
        break


def test_latencies_fed_back_move_spikes_by_as_much() -> None:
    """A chain of two cells; the chip is so accelerated that 25 ns are 2.5 ms of the model."""
    network = Network()
    inputs = network.source("inputs", SpikeTrains([np.array([1.0, 20.0])]))
    cells = network.population("cells", 2, IF(v_th=0.5))
    network.connect(inputs, cells[:1], Explicit(np.array([0]), np.array([0])), weight=1.0, delay=1.0)
    network.connect(cells[:1], cells[1:], Explicit(np.array([0]), np.array([0])), weight=1.0, delay=1.0)
    network.record_spikes(inputs)
    from eventsim.hardware.run import run_of
    from eventsim.recording import simulate

    run = run_of(network, simulate(network, 40.0))
    priced = cost(run, chip(), {"inputs": 0, "cells": [0, 5]})
    found = simulate_packets(run, priced.placed, acceleration=1e5)
    moved = compare_feedback(run, network, priced, found)["populations"]["cells"]
    # inputs to the first cell, on its own tile: 2 + 1 + 4 + 7 = 14 ns, 1.4 ms; on to the second: 25 ns, 2.5 ms.
    assert moved["spikes_with"] == moved["spikes_without"] == 4
    assert np.isclose(moved["largest_shift_ms"], 3.9)
    assert np.isclose(moved["median_shift_ms"], (1.4 + 3.9) / 2)
