"""The window engine against the queue: the same spikes in the same order, bit for bit, on any number of threads."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import eventsim.build.tiles
from eventsim.errors import InputError, SimulationError
from eventsim.models.integrate_and_fire import IF
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from eventsim.network import AllToAll, FixedIndegree, Network, OneToOne, PoissonSpikes, SpikeTrains, Uniform
from eventsim.simulation import Simulation
from eventsim.simulation.queue_engine import QueueEngine
from eventsim.simulation.window_engine import WindowEngine
from tests.engines.drawing import END, networks_with_delays
from tests.engines.runs import Run, one_of_each, run

OFTEN = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@contextmanager
def tiles_of(neurons: int) -> Iterator[None]:
    """Tiles of at most so many neurons; a multiple of 1024 where whole populations are driven."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eventsim.build.tiles, "TILE_NEURONS", neurons)
        yield


def some_tiles(network: Network, neurons: int) -> Any:
    return tiles_of(1024 if any(drive.target.is_whole for drive in network.drives) else neurons)


def assert_same(queue: Run, window: Run) -> None:
    assert (queue.error, window.error) == ("", "")
    np.testing.assert_array_equal(queue.times, window.times)
    np.testing.assert_array_equal(queue.ids, window.ids)
    for name, count in queue.counts.items():
        np.testing.assert_array_equal(count, window.counts[name], err_msg=name)


def compare(network: Network, end: float, neurons: int = 4096, threads: int = 1) -> Run:
    """The queue's run, which is that of the window engine as well."""
    queue = run(QueueEngine, network, end)
    with some_tiles(network, neurons):
        assert_same(queue, run(partial(WindowEngine, threads=threads), network, end))
    return queue


@OFTEN
@given(networks_with_delays(), st.sampled_from([2, 3, 4096]))
def test_the_same_bytes_as_the_queue(network, neurons):
    queue = compare(network, END, neurons, threads=1)
    event(f"spikes: {len(str(queue.ids.size))} digits")


@settings(OFTEN, max_examples=3)
@given(networks_with_delays(), st.sampled_from([2, 3]))
def test_the_same_bytes_on_several_threads(network, threads):
    """Few and short: where other programs have the cores, threads wait long for each other in every window."""
    compare(network, 2.0, 3, threads)


@pytest.mark.parametrize("model", [LIF(t_ref=1.0), LIFExp(t_ref=1.0)], ids=["LIF", "LIFExp"])
@pytest.mark.parametrize("strength", [0.004, 0.4])
def test_volleys_fill_the_calendar(model, strength):
    """More arrivals in its first years than one may hold, later ones with few; weights of both signs and of one."""
    network = one_of_each(seed=2)
    scale = strength if isinstance(model, LIF) else 60.0 * strength
    sources = network.source(
        "volleys", SpikeTrains([[0.25 + k % 3, 30.0] if k % 50 == 0 else [0.25 + k % 3] for k in range(600)])
    )
    cells = network.population("cells", 300, model)
    network.connect(sources, cells, AllToAll(), Uniform(-2.0 * scale, 4.0 * scale), Uniform(0.9, 40.0))
    network.connect(sources, cells, FixedIndegree(60), 10.0 * scale, Uniform(0.9, 3.0))
    network.connect(cells, cells, FixedIndegree(20), scale, Uniform(0.25, 400.0))
    network.connect(cells, cells, FixedIndegree(5), -scale, delay=1.5)
    queue = compare(network, 60.0)
    assert queue.counts["synaptic_events"] > 180_000
    if strength > 0.1:
        assert queue.ids.size > 1000
    pieces, _ = _in_pieces(network, [3.0, 3.3, 30.0, 31.7], 60.0)
    assert_same(queue, pieces)


def _in_pieces(network: Network, cuts: list[float], end: float = END) -> tuple[Run, list[NDArray[Any]]]:
    """A run in which V is looked at at every cut, and in which a fresh engine goes on at every other one."""
    times, ids, seen = [np.zeros(0)], [np.zeros(0, np.uint32)], []

    def keep(new_times: NDArray[np.float64], new_ids: NDArray[np.uint32]) -> None:
        times.append(new_times)
        ids.append(new_ids)

    engine = WindowEngine(network)
    for number, cut in enumerate([*cuts, end]):
        engine.run_until(cut, keep, lambda _: None)
        seen += [engine.sample(p[:], "v", cut) for p in network.populations.values() if not p.is_source]
        if number % 2 == 0:
            state = engine.state()
            engine = WindowEngine(network)
            engine.restore(state)
    return Run(np.concatenate(times), np.concatenate(ids), engine.counts()), seen


@settings(OFTEN, max_examples=20)
@given(
    networks_with_delays(),
    st.lists(st.floats(0.0, END) | st.sampled_from([0.0, 0.125, 1.0, 2.0]), min_size=1, max_size=4).map(
        sorted
    ),
)
def test_cut_looked_at_and_taken_up_again_anywhere(network, cuts):
    queue, seen = QueueEngine(network), []
    for cut in [*cuts, END]:
        queue.run_until(cut, lambda *_: None, lambda _: None)
        seen += [queue.sample(p[:], "v", cut) for p in network.populations.values() if not p.is_source]
    with some_tiles(network, 3):
        pieces, seen_in_pieces = _in_pieces(network, cuts)
    assert_same(run(QueueEngine, network, END), pieces)
    for expected, found in zip(seen, seen_in_pieces, strict=True):
        np.testing.assert_array_equal(expected, found)


@pytest.mark.parametrize(
    "model",
    [LIF(t_ref=1.0, v_init=Uniform(0.0, 20.0)), LIFExp(t_ref=1.0, v_init=Uniform(0.0, 25.0))],
    ids=["LIF", "LIFExp"],
)
def test_drives_drawn_in_several_tiles(model):
    """Of a whole population, and of a part of it; more than one cell of the drives long."""
    network = one_of_each(seed=3)
    scale = 1.0 if isinstance(model, LIF) else 60.0
    cells = network.population("cells", 2500, model)
    network.connect(cells, cells, FixedIndegree(20), weight=0.3 * scale, delay=Uniform(0.3, 2.0))
    network.connect(cells, cells, FixedIndegree(20), weight=-scale, delay=0.8)
    network.drive(cells, 9000.0, 0.2 * scale)
    network.drive(cells, np.linspace(0.0, 900.0, 2500), -0.2 * scale)
    network.drive(cells[::3], 900.0, 0.5 * scale)
    assert compare(network, 15.0).ids.size > 100


@pytest.mark.parametrize("model", [LIF(v_init=25.0), LIF(v_init=25.0, e_l=-5.0), LIFExp(v_init=25.0)])
def test_above_threshold_at_the_beginning_and_nothing_arrives(model):
    network = one_of_each()
    network.population("cell", 2, model)
    assert compare(network, 5.0).times.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("reset", ["value", "subtract"])
@pytest.mark.parametrize("model", [LIF, LIFExp])
def test_sums_beyond_the_room_in_which_they_are_exact(model, reset):
    """Weights of thousands of thresholds: sums are rounded, so order matters, and must be the queue's."""
    network = one_of_each(seed=5)
    scale = 1.0 if model is LIF else 20.0
    cells = network.population("cells", 40, model(v_init=Uniform(0.0, 20.0), t_ref=0.7, reset=reset))
    noise = network.source("noise", PoissonSpikes(200.0), size=40)
    for weight in (3e3, -2.9e3, 4.7, 1e5, -1.01e5):
        network.connect(noise, cells, FixedIndegree(3), weight=scale * weight, delay=Uniform(0.5, 4.0))
    network.connect(cells, cells, FixedIndegree(3), weight=Uniform(-4e3, 4e3), delay=Uniform(0.5, 4.0))
    assert compare(network, 40.0, 16).ids.size > 100


@pytest.mark.parametrize(("model", "scale"), [(LIF, 1.0), (LIFExp, 90.0)])
def test_little_arrives_at_neurons_that_fire_by_themselves(model, scale):
    """Over several epochs: neurons that nothing reaches, are pulled far down, or whose current changes fire in time."""
    network = one_of_each(seed=6)
    cells = network.population("cells", 500, model(e_l=20.5, t_ref=2.0, v_init=Uniform(0.0, 20.0)))
    network.connect(cells[:400], cells, FixedIndegree(10), weight=0.3 * scale, delay=0.2)
    network.connect(cells[400:], cells, FixedIndegree(5), weight=-scale, delay=0.2)
    network.connect(cells[:9], cells[9:99], AllToAll(), weight=Uniform(-0.5 * scale, 0.5 * scale), delay=0.4)
    network.connect(cells[:2], cells[400:], FixedIndegree(1), weight=-600.0 * scale, delay=0.2)
    network.drive(cells[:20], 100.0, 0.5 * scale)
    network.current(cells[:50], [20.0, 45.0], [-10.0, 5.0])
    assert compare(network, 80.0, 200).ids.size > 200


def test_a_membrane_faster_than_a_window():
    """Windows longer than tau_m, in which refractory neurons get input."""
    network = one_of_each(seed=5)
    model = LIFExp(tau_m=0.5, tau_syn_ex=5.0, tau_syn_in=5.0, t_ref=20.0, c_m=10.0)
    cells = network.population("cells", 50, model)
    network.connect(cells, cells, AllToAll(), weight=1.0, delay=4.0)
    network.drive(cells, 3000.0, 40.0)
    engine = WindowEngine(network)
    engine.run_until(100.0, lambda *_: None, lambda _: None)
    assert engine.tiles.records["n_held"].max() <= 50
    assert compare(network, 100.0).ids.size > 100


@pytest.mark.parametrize("delay", [1e-6, 1e-3])
def test_very_short_delays(delay):
    network = one_of_each(seed=1)
    cells = network.population("cells", 20, LIF(t_ref=0.5))
    network.connect(cells, cells, FixedIndegree(4), weight=12.0, delay=delay)
    network.connect(
        network.source("s", SpikeTrains([[1.0, 1.5, 2.25]])), cells[:3], AllToAll(), weight=30.0, delay=2.0
    )
    assert compare(network, 8.0, 7).ids.size > 20


def test_only_sources_and_nothing_at_all():
    network = Network(1)  # without the queue, whose kernel for no models nobody else compiles
    assert run(WindowEngine, network, 3.0).ids.size == 0
    network.source("s", SpikeTrains([[1.0, 3.0], [3.0, math.nextafter(3.0, 4.0)]]))
    network.record_spikes("s")
    assert run(partial(WindowEngine, threads=2), network, 3.0).times.tolist() == [1.0, 3.0, 3.0]


def test_drives_without_any_synapse():
    network = one_of_each(seed=2)
    network.drive(network.population("cells", 3, LIF()), 5000.0, 1.0)
    assert compare(network, 20.0).ids.size > 3


def test_threads_meet_once_in_the_smallest_delay_and_help_with_what_is_left():
    """In windows of 1/16 ms, on tiles of which the second thread has more; to stop in between changes nothing."""
    network = one_of_each()
    cells = network.population("cells", 3000, LIF(t_ref=1.0, v_init=Uniform(0.0, 20.0)))
    network.connect(cells, cells, FixedIndegree(5), weight=0.3, delay=1.5)
    network.drive(cells, 9000.0, 0.2)
    whole = run(QueueEngine, network, 6.0)
    for threads in (1, 2):
        with tiles_of(1024):
            engine = WindowEngine(network, threads)
            assert_same(whole, run(lambda _, engine=engine: engine, network, 0.7, 6.0))
            tiles = engine.tiles.records
            assert engine.windows.scalar("intervals") <= 7  # 6 ms / 1.5 ms, and where Python stops it
            windows = tiles["windows"][tiles["n"] == 1024]
            assert windows.min() >= 96  # 6 ms * 16
            assert windows.max() <= 100


def test_more_threads_than_tiles_are_not_used():
    network = one_of_each()
    assert WindowEngine(network, 1000).threads == 3
    assert Simulation(Network(), threads=5).threads == 1


def test_no_spike_goes_round_for_ever_unnamed():
    """So far above threshold that to subtract changes nothing."""
    network = one_of_each()
    network.population("cells", 2, IF(v_init=np.array([0.0, 1e30]), reset="subtract"))
    for engine in (QueueEngine, WindowEngine):
        error = run(engine, network, 5.0).error
        for words in ("at 0 ms", "cells[1]", "refractory period"):
            assert words in error


def test_delays_of_zero_go_to_the_queue_and_it_is_said_why():
    network = one_of_each()
    network.connect("idle if", "idle exp", OneToOne(), delay=0.0, name="direct")
    simulation = Simulation(network)
    assert (simulation.engine, simulation.threads) == ("queue", 1)
    assert "'direct' has a delay of zero" in simulation.why
    with pytest.raises(InputError, match="'direct' has a delay of zero"):
        Simulation(network, engine="window")
    network = one_of_each()
    network.connect("idle if", "idle exp", AllToAll(), delay=np.array([1e-12]))
    assert "1e-12 ms" in Simulation(network).why
    network = one_of_each()
    network.connect("idle if", "idle exp", AllToAll(), delay=np.array([1e-6]))
    simulation = Simulation(network, engine="window")
    with pytest.raises(SimulationError, match="engine queue"):
        simulation.run_until(1e12)


def test_an_interrupt_ends_a_run_on_two_threads():
    network = one_of_each(seed=1)
    network.drive(network.population("cells", 3000, LIF()), 8000.0, 0.1)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    simulation = Simulation(network, threads=2, progress=interrupted)
    with pytest.raises(KeyboardInterrupt):
        simulation.run(1e6)
    assert Simulation(network, threads=2).threads == 2


def _resident_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def test_engines_leave_no_memory_behind():
    """Fifty with some 4 MB each of arrivals, legs and spikes."""
    if not math.isfinite(_memory_or_skip()):
        return
    network = one_of_each(seed=1)
    cells = network.population("cells", 1000, LIF(v_th=5.0))
    network.connect(cells, cells, FixedIndegree(10), weight=0.1, delay=Uniform(1.0, 9.0))
    network.drive(cells, 8000.0, 0.5)
    before = 0.0
    for number in range(60):
        WindowEngine(network).run_until(20.0, lambda *_: None, lambda _: None)
        if number == 9:
            gc.collect()
            before = _resident_mb()
    gc.collect()
    assert _resident_mb() - before < 40.0


def _memory_or_skip() -> float:
    try:
        return _resident_mb()
    except OSError:
        pytest.skip("no /proc to read the memory in use from")
