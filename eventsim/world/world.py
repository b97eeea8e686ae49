"""A network in a world: SimPy processes beside it that wait, look, inject and change, at exact times.

Order.  At each instant the network comes first: all its events there, in their own order (`kernels.queue`).  Then the
processes act, those whose time it is in the order in which they were scheduled, those that wait for a spike of this
instant after them.  What they inject or change at this instant has its consequences at this instant too, in a round of
its own, like spikes that arrive without delay; if these are watched spikes, processes act again.  Then time goes on.

Between two such instants the engine runs as it would alone, and where it is stopped never shows in its result.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from eventsim.build.numbered import NumberedSynapses, Numbers
from eventsim.errors import InputError
from eventsim.network import checks
from eventsim.network.description import FloatArray
from eventsim.network.network import Members, Network
from eventsim.network.noise import ThresholdNoise
from eventsim.network.population import PopulationView
from eventsim.network.projection import Projection
from eventsim.network.rules import TableRows
from eventsim.recording.memory import MemorySink
from eventsim.recording.results import Results
from eventsim.recording.simulate import population_table, recorder_table
from eventsim.simulation import Simulation
from eventsim.simulation.sink import Sink
from eventsim.world.clock import Clock
from eventsim.world.parameters import Parameters, values_of
from eventsim.world.waits import SpikeWaits

_FLOAT32_MAX = float(np.finfo(np.float32).max)


class Synapses(NamedTuple):
    """The synapses of a projection, (n,) each, in order of (source, target, delay) as they were at first.

    sources, targets: indices in their populations.  delays in ms.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: FloatArray
    delays: FloatArray


class World:
    """A simulation with Python processes around it.

        world = World(network)

        def echo():
            while True:
                spikes = yield world.spike("output")       # exactly when one fires
                yield world.timeout(5.0)                    # ms
                world.inject(network["input"][spikes.members])

        world.process(echo())
        world.run(1000.0)

    A process is a generator that yields SimPy events; `env` is the SimPy environment, whose clock is the network's.

    network: its description, or a `Simulation` of it.
    engine, threads, sink: as in `Simulation`; without a sink spikes are kept in memory, for `results`.
    """

    def __init__(
        self, network: Network | Simulation, engine: str = "auto", threads: int = 1, sink: Sink | None = None
    ) -> None:
        self._memory: MemorySink | None = None
        if isinstance(network, Simulation):
            self.simulation = network
        else:
            if sink is None:
                sink = self._memory = MemorySink(population_table(network), recorder_table(network))
            if engine == "auto" and _with_moving_thresholds(network):
                engine = "queue"
            self.simulation = Simulation(network, engine, sink, threads=threads)
        self.network = self.simulation.network
        moving = _with_moving_thresholds(self.network)
        if moving and self.simulation.engine == "window":
            why = f"noise moves thresholds of {moving!r} after each spike, which windows cannot take back: use 'queue'"
            raise InputError("engine", "window", why)
        self.env = Clock(self.simulation.time)
        self._engine = self.simulation.reached
        self._waits = SpikeWaits(self.env)
        self._watched = np.zeros(0, np.int64)
        self._parameters = Parameters(self.network)
        self._records: dict[str, list[tuple[float, Any]]] = {}

    @property
    def now(self) -> float:
        """The time (ms)."""
        return float(self.env.now)

    # --- running

    def run(self, duration_ms: float) -> None:
        """Go on for `duration_ms`.  An exception in a process ends the run there; it may be gone on with."""
        self.run_until(self.now + checks.number("duration_ms", duration_ms, 0.0))

    def run_until(self, t_stop: float) -> None:
        """Go on until all that happens up to and including `t_stop` (ms) has happened."""
        checks.number("t_stop", t_stop, self.now)
        with self.simulation.running():
            acted = True
            while acted or self.simulation.time < t_stop:
                self._watch()
                self.simulation.advance(min(self.env.peek(), t_stop))
                self._waits.tell(self.simulation.time, self.simulation.heard)
                self.env.go_to(self.simulation.time)
                acted = self._act()

    def _act(self) -> bool:
        """Let the processes act that do so now; whether any has."""
        acted = self.env.peek() <= self.now
        while self.env.peek() <= self.now:
            self.simulation.host()
            self.env.step()
        return acted

    def _watch(self) -> None:
        """Let the engine know whose spikes it is to stop at."""
        watched = self._waits.watched()
        if not np.array_equal(watched, self._watched):
            self.simulation.watch(watched)
            self._watched = watched

    def results(self) -> Results:
        """What has been recorded so far; raises InputError where spikes went to a sink of one's own."""
        if self._memory is None:
            raise InputError("sink", self.simulation.sink, "the results are where this puts them")
        return self._memory.results(self.now, self.simulation.counts)

    # --- waiting

    def process(self, generator: Generator[simpy.Event, Any, Any]) -> simpy.Process:
        """Start a process; it is an event itself, which happens when the process ends."""
        if not isinstance(generator, Generator):
            raise InputError(
                "generator", generator, "a generator is needed: what calling a function with yield gives"
            )
        return self.env.process(generator)

    def timeout(self, delay_ms: float = 0.0) -> simpy.Event:
        """An event in `delay_ms`, at the float64 nearest to now + delay_ms."""
        return self.env.timeout(delay_ms)

    def at(self, time_ms: float) -> simpy.Event:
        """An event at exactly `time_ms`."""
        return self.env.at(time_ms)

    def spike(self, members: Members) -> simpy.Event:
        """An event at the next spike of one of these neurons or sources, after what has happened so far.

        Its value is `Spikes`: the time, and who fired at that instant, as indices in the population.
        """
        return self._waits.add(self.network.members("members", members))

    def until(
        self, condition: Callable[[], bool], after: Members | None = None, every_ms: float | None = None
    ) -> simpy.Event:
        """An event when `condition()` holds; its value is the time.

        It is asked now, and then after each instant at which one of `after` fires, or at now + k every_ms for k = 1, 2,
        and so on; never in between.
        """
        if (after is None) == (every_ms is None):
            raise InputError("after", after, "give either after or every_ms")
        if every_ms is not None:
            checks.number("every_ms", every_ms, 0.0, above=True)
        return self.process(self._until(condition, after, every_ms))

    def _until(
        self, condition: Callable[[], bool], after: Members | None, every_ms: float | None
    ) -> Generator[simpy.Event, Any, float]:
        start, asked = self.now, 0
        while not condition():
            asked += 1
            yield self.spike(after) if every_ms is None else self.at(start + asked * every_ms)  # type: ignore[arg-type]
        return self.now

    # --- injecting

    def inject(self, members: Members, at: float | FloatArray | None = None) -> None:
        """One spike of each of these sources, now or at a time (ms), or at one time each, (n,).

        They are spikes of the source like all others: recorded, counted, sent along its synapses.  Those injected
        ahead of their time take the place that the same spikes have in `SpikeTrains`.
        """
        view = self.network.members("members", members)
        if not view.population.is_source:
            raise InputError(
                "members", view.population.name, "spikes are injected at sources; these are neurons"
            )
        self._inject("source", view, self._times(at, view))

    def current(self, members: Members, values: Any, at: float | FloatArray | None = None) -> None:
        """Set the external current of these neurons, now or at a time (ms): one value for all, or one each, (n,)."""
        view = self._neurons(members)
        model = view.population.model
        if not getattr(model, "takes_current", False):
            raise InputError(
                "members", view.population.name, f"the model {type(model).__name__} takes no current"
            )
        values = values_of("values", values, view.size, infinite=False)
        self._inject("current", view, self._times(at, view), np.broadcast_to(values, view.size))

    def _inject(self, kind: str, view: PopulationView, times: FloatArray, *values: FloatArray) -> None:
        ids = view.indices + view.population.first
        self.simulation.host()
        self._engine.inject(kind, times, ids, *values)

    def _times(self, at: Any, view: PopulationView) -> FloatArray:
        times = values_of("at", self.now if at is None else at, view.size, self.now, infinite=False)
        return np.array(np.broadcast_to(times, view.size))

    # --- looking and changing

    def state(self, members: Members, variable: str) -> FloatArray:
        """A state variable of these neurons now, (n,)."""
        view = self._neurons(members)
        fields = getattr(view.population.model, "state_dtype", np.dtype([])).names or ()
        if variable not in fields:
            raise InputError("variable", variable, f"the model has the state variables {', '.join(fields)}")
        return self._engine.sample(view, variable, self.now)

    def spike_counts(self, members: Members) -> NDArray[np.int64]:
        """Spikes of these neurons or sources so far, (n,)."""
        view = self.network.members("members", members)
        return self.simulation.spike_counts[view.indices + view.population.first]

    def parameter(self, members: Members, name: str) -> FloatArray:
        """A parameter of these neurons now, (n,)."""
        return self._parameters.read(self._neurons(members), name)

    def set_parameters(self, members: Members, **values: Any) -> None:
        """Other parameters from now on: each one value for all of these neurons, or one each, (n,).

        V, the synaptic and external currents and a refractory period that has begun stay as they are; a neuron that now
        lies above its threshold fires now.
        """
        view = self._neurons(members)
        if ThresholdNoise in self.network.noise_on(view.population):
            raise InputError(
                "members", view.population.name, "noise is on its thresholds: parameters stay as they are"
            )
        own = self._parameters.changed(view, values)
        self.simulation.host()
        self._engine.change_parameters(view.population, view.indices, own)
        self._parameters.put(view, own)

    def synapses(self, projection: Projection | str) -> Synapses:
        """The synapses of a projection as they are now; copies."""
        s = self._synapses(projection)
        return Synapses(s.sources, s.targets, s.weights, s.delays)

    def set_weights(self, projection: Projection | str, values: Any, synapses: Any = None) -> None:
        """Other weights: one value, or one each, of all synapses or of those with these numbers.

        The weight that counts is the one at the arrival: spikes that are under way arrive with the new one.  One value
        for all synapses is a common weight, in float64; others are rounded to float32, as everywhere.
        """
        s = self._synapses(projection)
        numbers, n = _numbers(synapses, s.size)
        new = values_of("weights", values, n, infinite=False)
        if n and (synapses is not None or new.size > 1):
            k = int(np.argmax(np.abs(new)))
            if abs(new[k]) > _FLOAT32_MAX:
                raise InputError("weights", float(new[k]), "beyond float32, in which it is stored", k)
        self.simulation.host()
        self._engine.set_weights(self._number(projection), numbers, new)

    def set_delays(self, projection: Projection | str, values: Any, synapses: Any = None) -> None:
        """Other delays (ms): one value, or one each, of all synapses or of those with these numbers.

        Spikes that are under way keep the delay they set out with.  A change costs about as much as building the
        projection.  Raises InputError for a delay below 0, or of 0 in the window engine, and for a projection on which
        noise acts: its delays stay as they are.
        """
        s = self._synapses(projection)
        numbers, n = _numbers(synapses, s.size)
        new = values_of("delays", values, n, 0.0, infinite=False)
        noisy = self._projection(projection)
        if self.network.noise_on(noisy):
            raise InputError("projection", noisy.name, "noise acts on it: its delays stay as they are")
        if synapses is not None or (new.size == 1 and n == 1):
            delays = s.delays
            delays[numbers] = new
            new = delays
        self.simulation.host()
        self._engine.set_delays(self._number(projection), np.array(new))

    def _synapses(self, projection: Projection | str) -> NumberedSynapses:
        number = self._number(projection)
        if isinstance(list(self.network.projections.values())[number].rule, TableRows):
            raise InputError("projection", projection, "these are the rows of look-up tables")
        return self._engine.synapses_of(number)

    def _number(self, projection: Projection | str) -> int:
        return self._projection(projection).number

    def _projection(self, projection: Projection | str) -> Projection:
        name = projection.name if isinstance(projection, Projection) else projection
        if name not in self.network.projections:
            known = ", ".join(map(repr, self.network.projections)) or "none"
            raise InputError("projection", name, f"no such projection; there are {known}")
        return self.network.projections[name]

    def _neurons(self, members: Members) -> PopulationView:
        view = self.network.members("members", members)
        if view.population.is_source:
            raise InputError("members", view.population.name, "spike sources have no state and no parameters")
        return view

    # --- recording

    def record(self, name: str, value: Any) -> None:
        """Keep a number or an array with the present time."""
        self._records.setdefault(name, []).append((self.now, np.array(value, np.float64)))

    def recorded(self, name: str) -> tuple[FloatArray, FloatArray]:
        """What `record` has kept under a name: times (k,) in ms and values (k, ...)."""
        if name not in self._records:
            raise InputError("name", name, f"recorded were {', '.join(self._records) or 'none'}")
        times, values = zip(*self._records[name], strict=True)
        return np.array(times), np.array(values)


def _with_moving_thresholds(network: Network) -> str:
    """The name of a population whose thresholds noise moves after each spike; or nothing."""
    for population in network.populations.values():
        noise = network.noise_on(population).get(ThresholdNoise)
        if isinstance(noise, ThresholdNoise) and noise.per_spike:
            return population.name
    return ""


def _numbers(synapses: Any, size: int) -> tuple[Numbers, int]:
    """Numbers of synapses, checked, and how many."""
    if synapses is None:
        return slice(None), size
    array = np.atleast_1d(np.asarray(synapses))
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError("synapses", synapses, "whole numbers in one dimension are needed")
    wrong = (array < 0) | (array >= size)
    if wrong.any():
        index = int(np.argmax(wrong))
        raise InputError("synapses", int(array[index]), f"no such synapse: there are {size}", index)
    return array.astype(np.int64), array.size
