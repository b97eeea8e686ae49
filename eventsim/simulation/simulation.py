"""A network being simulated: built once, run for as long as wanted, cut and continued anywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eventsim.build.numbered import NumberedSynapses, Numbers
from eventsim.errors import InputError, SimulationError
from eventsim.network import checks
from eventsim.network.network import Network
from eventsim.network.population import Population, PopulationView
from eventsim.simulation.interruption import Interruption
from eventsim.simulation.sink import NoSink, Sink
from eventsim.simulation.stopwatch import Stopwatch

ENGINES = ("auto", "window", "queue", "simpy")

Progress = Callable[[float, int, int], None]
"""Called now and then with the simulated time (ms), the recorded spikes and the synaptic events so far."""


class Engine(Protocol):
    """One way of computing a network's spikes; all give the same."""

    name: str
    threads: int
    time: float
    stops_often: bool

    @property
    def synapses(self) -> int: ...
    def counts(self) -> dict[str, Any]: ...
    def compile(self) -> None: ...
    def run_until(
        self,
        t_stop: float,
        spikes: Callable[[NDArray[np.float64], NDArray[np.uint32]], None],
        progress: Callable[[float], None],
    ) -> None: ...
    def sample(self, view: PopulationView, variable: str, t: float) -> NDArray[np.float64]: ...
    def watch(self, ids: NDArray[np.int64]) -> None: ...
    def inject(self, kind: str, *columns: NDArray[Any]) -> None: ...
    def change_parameters(
        self, population: Population, indices: NDArray[np.int64], values: Mapping[str, NDArray[np.float64]]
    ) -> None: ...
    def synapses_of(self, number: int) -> NumberedSynapses: ...
    def set_weights(self, number: int, synapses: Numbers, values: NDArray[np.float64]) -> None: ...
    def set_delays(self, number: int, values: NDArray[np.float64]) -> None: ...
    def state(self) -> dict[str, NDArray[np.generic]]: ...
    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None: ...


class Simulation:
    """A network at a time.

    network: its description; later changes to it do not reach the simulation.
    engine: ``"window"`` (fast, needs delays above 0), ``"queue"`` (any delays), ``"simpy"`` (slow, the oracle), or
        ``"auto"``: windows where they can be had, else the queue, and ``why`` says why.  All give the same bytes.
    threads: how many the window engine works on; the result is the same for any number.
    sink: what receives spikes and state samples; by default nothing does.
    hosted: whether Python processes have a hand in it, so that it cannot be saved.
    build_s, compile_s, run_s: seconds spent so far, each apart from the others.

    Raises InputError for an unknown engine, fewer threads than one, or windows for a network with a delay of zero.
    """

    def __init__(
        self,
        network: Network,
        engine: str = "auto",
        sink: Sink | None = None,
        progress: Progress | None = None,
        threads: int = 1,
    ) -> None:
        checks.instance("network", network, Network)
        checks.one_of("engine", engine, ENGINES)
        threads = checks.whole("threads", threads, 1)
        self.network = network
        self.sink: Sink = NoSink() if sink is None else sink
        self._progress = progress
        self._spikes = 0
        self._sampled = -math.inf
        self._sample_at = np.unique(
            np.concatenate([np.zeros(0), *(recorder.times_ms for recorder in network.recorders)])
        )
        self.hosted = False
        self._watched: NDArray[np.bool_] | None = None
        self._heard: list[NDArray[np.uint32]] = []
        self._building, self._compiling, self._running = Stopwatch(), Stopwatch(), Stopwatch()
        self._interruption = Interruption()
        with self._building.running():
            self._engine, self.why = _new_engine(network, engine, threads)
        with self._compiling.running():
            self._engine.compile()

    @property
    def build_s(self) -> float:
        """Seconds spent building the network, compilation apart."""
        return self._building.rest_s

    @property
    def run_s(self) -> float:
        """Seconds spent simulating, compilation apart."""
        return self._running.rest_s

    @property
    def compile_s(self) -> float:
        """Seconds spent compiling kernels or loading them from disk."""
        return self._compiling.total_s + self._building.compile_s + self._running.compile_s

    @property
    def engine(self) -> str:
        """Name of the engine that runs."""
        return self._engine.name

    @property
    def threads(self) -> int:
        """Number of threads that it uses."""
        return self._engine.threads

    @property
    def time(self) -> float:
        """How far it has come (ms): all events up to and including this instant have happened."""
        return self._engine.time

    @property
    def counts(self) -> dict[str, int]:
        """Exact counts so far; ``spikes`` are those of neurons, ``synaptic_events`` arrivals over synapses,
        ``external_events`` arrivals from Poisson drives."""
        counts, per_id = self._engine.counts(), self.spike_counts
        sources = [p for p in self.network.populations.values() if p.is_source]
        source_spikes = sum(int(per_id[p.first : p.first + p.size].sum()) for p in sources)
        return {
            "neurons": self.network.size - sum(p.size for p in sources),
            "synapses": self._engine.synapses,
            "spikes": int(per_id.sum()) - source_spikes,
            "source_spikes": source_spikes,
            "synaptic_events": counts["synaptic_events"],
            "external_events": counts["external_events"],
        }

    @property
    def spike_counts(self) -> NDArray[np.int64]:
        """Spikes of every neuron and source so far, (n_ids,) by global id, read-only."""
        counts: NDArray[np.int64] = self._engine.counts()["spike_counts"]
        counts.setflags(write=False)
        return counts

    def profile(self) -> dict[str, Any]:
        """What this simulation spends its time and events on, beyond `counts`; empty for the oracle.

        seconds: of ``run_s``, by part: inputs (drawn and sorted outside the kernel), kernel, recording.
        projections: ``arrivals_sent``, those still under way included.  Of the window engine also windows, and
        populations: synaptic and external events, how many of these were ``gone_through`` event by event.
        """
        profile = getattr(self._engine, "profile", dict)
        result: dict[str, Any] = profile()
        return result

    def run(self, duration_ms: float) -> None:
        """Go on for `duration_ms`.  Runs one after the other give the same bytes as one run of the sum's length.

        Raises InputError for a duration that is negative or not finite, SimulationError for a cycle of zero delay
        that never ends.
        """
        self.run_until(self.time + checks.number("duration_ms", duration_ms, 0.0))

    def run_until(self, t_stop: float) -> None:
        """Go on until all events up to and including `t_stop` (ms) have happened."""
        checks.number("t_stop", t_stop, self.time)
        with self.running():
            self.advance(t_stop)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within it `advance` may be called: its time counts as `run_s`, and Ctrl-C is heard."""
        with self._running.running(), Interruption() as self._interruption:
            yield

    def advance(self, t_stop: float) -> None:
        """Go on to `t_stop` as `run_until` does, or to the first instant at which a watched neuron fires (`watch`)."""
        self._heard = []
        for t in self._sample_times(t_stop):
            self._engine.run_until(t, self._hand_on, self._report)
            if self.time == t:
                self._sample(t)
            if self._heard:
                break
        else:
            self._engine.run_until(t_stop, self._hand_on, self._report)
        self._sampled = self.time

    def host(self) -> None:
        """Python processes have a hand in it from now on: it will stop often, and cannot be saved."""
        if not self.hosted:
            self.hosted = self._engine.stops_often = True

    def watch(self, ids: NDArray[np.int64]) -> None:
        """From now on stop right after the instant at which one of these neurons or sources (global ids) fires."""
        if self._watched is None:
            self._watched = np.zeros(self.network.size, np.bool_)
            populations = self.network.populations.values()
            self._is_recorded = np.repeat(
                [self.network.is_recorded(p) for p in populations], [p.size for p in populations]
            )
        self._watched[:] = False
        self._watched[ids] = True
        self._engine.watch(ids)

    @property
    def heard(self) -> NDArray[np.uint32]:
        """Global ids of the watched neurons that fired at `time` and so ended the last run, in order."""
        return np.concatenate([np.zeros(0, np.uint32), *self._heard])

    @property
    def reached(self) -> Engine:
        """The engine, for those who change what it simulates between two runs."""
        return self._engine

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Everything that a simulation of the same network needs to go on with the same bytes.

        Raises SimulationError where Python processes have a hand in it: nobody can save those.
        """
        if self.hosted:
            raise SimulationError(
                "a World's processes cannot be saved, nor what they changed: run it in one go"
            )
        own = {"sampled": np.array(self._sampled), "engine": np.array(self.engine)}
        return {f"engine/{key}": array for key, array in self._engine.state().items()} | own

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from what `state` gave for the same network and engine; `recording.save_state` keeps both together.

        Raises InputError if it is the state of another engine.
        """
        if str(state["engine"]) != self.engine:
            raise InputError(
                "engine", self.engine, f"the state is one of the engine {str(state['engine'])!r}"
            )
        prefix = "engine/"
        self._engine.restore({k[len(prefix) :]: state[k] for k in state if k.startswith(prefix)})
        self._sampled = float(state["sampled"])

    def _sample_times(self, t_stop: float) -> NDArray[np.float64]:
        """When something is to be sampled after the last run and not after `t_stop`."""
        first, last = np.searchsorted(self._sample_at, (self._sampled, t_stop), side="right")
        return self._sample_at[first:last]

    def _sample(self, t: float) -> None:
        """Hand on what the recorders want at `t`; values are those after all events there."""
        for recorder in self.network.recorders:
            if t in recorder.times_ms:
                values = self._engine.sample(recorder.target, recorder.variable, t)
                self.sink.states(recorder.number, np.array([t]), values[np.newaxis])
        self._sampled = t

    def _hand_on(self, times: NDArray[np.float64], ids: NDArray[np.uint32]) -> None:
        if self._watched is not None:
            heard = self._watched[ids]
            if heard.any():
                self._heard.append(ids[heard])
            kept = self._is_recorded[ids]
            times, ids = times[kept], ids[kept]
        self._spikes += times.size
        self.sink.spikes(times, ids)

    def _report(self, t: float) -> None:
        self._interruption.check()
        if self._progress is not None:
            self._progress(t, self._spikes, self._engine.counts()["synaptic_events"])


def _new_engine(network: Network, name: str, threads: int) -> tuple[Engine, str]:
    """The engine, and why it is that one."""
    if name == "simpy":
        from eventsim.simulation.oracle.engine import SimPyEngine

        return SimPyEngine(network), "asked for"
    from eventsim.simulation.queue_engine import QueueEngine
    from eventsim.simulation.window_engine import WindowEngine, ZeroDelay

    if name == "queue":
        return QueueEngine(network), "asked for"
    try:
        return WindowEngine(network, threads), "asked for" if name == "window" else "no delay is zero"
    except ZeroDelay as found:
        if name == "window":
            raise InputError("engine", name, f"{found}, and the window engine needs delays above 0") from None
        return QueueEngine(network), str(found)
