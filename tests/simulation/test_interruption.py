"""Ctrl-C stops a run wherever it arrives, also where Python would drop the exception."""

import os
import signal
import threading

import pytest

from eventsim.network import Network, PoissonSpikes
from eventsim.simulation import Simulation


class InterruptedWhenForgotten:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)


def busy() -> Network:
    network = Network(seed=1)
    network.source("noise", PoissonSpikes(rate_hz=1e5), size=100)
    return network


@pytest.fixture(autouse=True)
def python_handles_interrupts():
    """Also where the tests run in the background of a shell, which lets them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_within_a_finaliser_stops_the_run():
    reports = []

    def progress(t, spikes, events):
        reports.append(t)
        assert len(reports) < 1000
        if len(reports) == 2:
            forgotten = InterruptedWhenForgotten()
            del forgotten

    simulation = Simulation(busy(), progress=progress)
    with pytest.raises(KeyboardInterrupt):
        simulation.run(1e6)
    assert 0.0 < simulation.time < 1e6
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_program_is_left_alone():
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        simulation = Simulation(busy(), progress=lambda *_: heard or os.kill(os.getpid(), signal.SIGINT))
        simulation.run(10.0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
    assert simulation.time == 10.0


def test_other_threads_run_without_handlers():
    simulation = Simulation(busy())
    thread = threading.Thread(target=simulation.run, args=(10.0,))
    thread.start()
    thread.join()
    assert simulation.time == 10.0
