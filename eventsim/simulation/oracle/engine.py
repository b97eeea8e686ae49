"""The SimPy engine: every spike, arrival and threshold test is an event of a SimPy environment."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from eventsim.build import noise
from eventsim.build.draw import realise
from eventsim.build.numbered import NumberedSynapses, Numbers
from eventsim.build.streams import CurrentStream, DriveStream, SpikeStream
from eventsim.build.synapses import build_synapses
from eventsim.errors import SimulationError, naming
from eventsim.network.model import Model
from eventsim.network.network import Network
from eventsim.network.population import Population, PopulationView
from eventsim.network.projection import Projection
from eventsim.simulation.oracle.clock import Clock, Kind, cancel
from eventsim.simulation.oracle.neurons import Neuron, oracle_of
from eventsim.simulation.oracle.noise import MovingThreshold, Travel

Spikes = Callable[[NDArray[np.float64], NDArray[np.uint32]], None]


class Cell:
    """A neuron in the network."""

    def __init__(
        self, ident: int, neuron: Neuron, per_arrival: bool, threshold: MovingThreshold | None
    ) -> None:
        self.ident = ident
        self.threshold = threshold
        self.neuron = neuron
        self.per_arrival = per_arrival
        self.plan: simpy.Event | None = None  # when to look at it if nothing arrives
        self.to_test = False
        self.last_fired = (-math.inf, 0)  # time and round


class SimPyEngine:
    """A network of Python objects, at a time.  Events up to and including `time` have happened.

    The order of events is `Clock`'s.  At an instant: inputs; crossings, in order of id; arrivals, in order of
    (serial number of the spike, projection, rank in the row), with the threshold tested after each under the rule
    "arrival"; arrivals from Poisson drives; the threshold of all reached neurons under the rule "instant", in order of
    id, at which a neuron fires that has not fired in this round; then the emission of what fired, in that order.
    """

    name = "simpy"
    threads = 1
    stops_often = False

    def __init__(self, network: Network) -> None:
        self.network = network
        self.time = 0.0
        self.clock = Clock()
        self.cells = {cell.ident: cell for p in network.populations.values() for cell in _cells(network, p)}
        self.travels = [Travel(network, p) for p in network.projections.values()]
        self.dead = noise.dead(network)
        self.numbered = [NumberedSynapses(build_synapses(network, p)) for p in network.projections.values()]
        self.weights = [numbered.weights for numbered in self.numbered]  # by number of the synapse
        self.number_at = [
            numbered.order for numbered in self.numbered
        ]  # of the synapse at a place in the table
        self.population_of = [p for p in network.populations.values() for _ in range(p.size)]
        self.currents, self.drives = CurrentStream(network), DriveStream(network)
        self.sources = SpikeStream(network)
        self.fired: list[tuple[int, int]] = []  # in this round: id, which of its rows of synapses
        self.recorded: list[tuple[float, int]] = []
        self.spike_counts = np.zeros(network.size, np.int64)
        self.synaptic_events = self.external_events = 0
        self._instant, self._at_once = -math.inf, 0  # rounds and spikes at the present instant
        self._known = (
            self._until
        ) = -math.inf  # inputs up to here are in the clock's queue; where this call ends
        self.watched = np.zeros(0, np.int64)

    @property
    def synapses(self) -> int:
        """Number of synapses."""
        return sum(numbered.size for numbered in self.numbered)

    def counts(self) -> dict[str, Any]:
        """Exact counts since time 0; ``spike_counts`` (n_ids,) int64 by global id."""
        return {
            "synaptic_events": self.synaptic_events,
            "external_events": self.external_events,
            "spike_counts": self.spike_counts.copy(),
        }

    def compile(self) -> None:
        """There is nothing to compile."""

    def run_until(self, t_stop: float, spikes: Spikes, progress: Callable[[float], None]) -> None:
        """Simulate up to and including `t_stop`, handing out recorded spikes in order.

        If a watched neuron fires before, up to and including that instant.
        """
        if self._known == -math.inf:
            for cell in self.cells.values():
                self._plan(cell)
        if self._known < t_stop:
            self._schedule_inputs(self._known, t_stop)
            self._known = t_stop
        self._until = t_stop
        while self.clock.peek() <= self._until:
            self.clock.step()
        self.time = self._until
        times, ids = zip(*self.recorded, strict=True) if self.recorded else ((), ())
        self.recorded = []
        spikes(np.array(times, np.float64), np.array(ids, np.uint32))
        progress(self.time)

    def sample(self, view: PopulationView, variable: str, t: float) -> NDArray[np.float64]:
        """A state variable of some neurons at ``t``, not before `time` and with no event in between."""
        values = []
        for index in view.indices:
            neuron = copy.copy(self.cells[view.population.first + int(index)].neuron)
            neuron.advance(t)
            if not hasattr(neuron, variable):
                raise SimulationError(f"the SimPy engine's {type(neuron).__name__} knows no {variable!r}")
            values.append(getattr(neuron, variable))
        return np.array(values, np.float64)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Raises SimulationError: the oracle is not saved."""
        raise SimulationError("the SimPy engine cannot be saved: use the engine 'queue'")

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Raises SimulationError: the oracle is not saved."""
        raise SimulationError("the SimPy engine cannot be restored: use the engine 'queue'")

    def _schedule_inputs(self, first: float, last: float) -> None:
        """What comes from outside in first < t <= last; changes of currents before spikes of sources."""
        for t, ident, value in zip(*_lists(self.currents.slice(first, last)), strict=True):
            self.clock.at(t, Kind.INPUT, self._change_current, ident, value, rank=-2)
        for t, ident in zip(*_lists(self.sources.slice(first, last)), strict=True):
            self.clock.at(t, Kind.INPUT, self._fired, ident, 0, rank=ident)
        for t, ident, number in zip(*_lists(self.drives.slice(first, last)), strict=True):
            self.clock.at(t, Kind.DRIVE, self._arrive_from_drive, ident, number)

    def watch(self, ids: NDArray[np.int64]) -> None:
        """From now on stop right after the instant of a spike of one of these (global ids), and hand it out."""
        self.watched = ids

    def inject(self, kind: str, *columns: NDArray[Any]) -> None:
        """Spikes of sources (times, ids) or changes of currents (times, ids, values), not before `time`."""
        for t, ident, *value in zip(*_lists(columns), strict=True):
            if kind == "source":
                self.clock.at(t, Kind.INPUT, self._fired, ident, 0, rank=ident)
            else:
                self.clock.at(t, Kind.INPUT, self._change_current, ident, *value, rank=-1)

    def change_parameters(
        self, population: Population, indices: NDArray[np.int64], values: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Other parameters for some neurons of a population: of each (1,) for all of them, or (n,)."""
        for k, index in enumerate(indices.tolist()):
            cell = self.cells[population.first + index]
            cell.neuron.advance(self.time)
            cell.neuron.p = {name: float(column[k % column.size]) for name, column in values.items()}
            self._plan(cell)

    def synapses_of(self, number: int) -> NumberedSynapses:
        """The synapses of a projection as they are now."""
        return self.numbered[number]

    def set_weights(self, number: int, synapses: Numbers, values: NDArray[np.float64]) -> None:
        """Other weights for synapses of a projection; spikes that are under way arrive with these."""
        self.numbered[number].set_weights(synapses, values)
        self.weights[number][:] = self.numbered[number].weights

    def set_delays(self, number: int, values: NDArray[np.float64]) -> None:
        """Other delays for all synapses of a projection; spikes that are under way keep theirs."""
        table, order = self.numbered[number].with_delays(values)
        self.numbered[number].put_delays(table, order)
        self.number_at[number] = order

    def _change_current(self, ident: int, value: float) -> None:
        cell = self.cells[ident]
        cell.neuron.advance(self.clock.now)
        cell.neuron.set_current(value)
        self._plan(cell)

    def _plan(self, cell: Cell) -> None:
        """Look at the neuron when it fires next, if nothing comes between."""
        cancel(cell.plan)
        when = min(cell.neuron.next_spike(), cell.neuron.look_again())
        cell.plan = None
        if when < math.inf:
            cell.plan = self.clock.at(when, Kind.OWN, self._own_event, cell, rank=cell.ident)

    def _own_event(self, cell: Cell) -> None:
        fires = cell.neuron.next_spike() <= self.clock.now
        cell.neuron.advance(self.clock.now)
        if fires:
            self._fire(cell)
        else:
            self._plan(cell)

    def _arrive_over_synapse(
        self, ident: int, weights: NDArray[np.float64], synapse: int, receptor: int
    ) -> None:
        self.synaptic_events += 1
        self._arrive(self.cells[ident], float(weights[synapse]), receptor)

    def _arrive_from_drive(self, ident: int, number: int) -> None:
        self.external_events += 1
        drive = self.network.drives[number]
        self._arrive(self.cells[ident], drive.weight, drive.receptor)

    def _arrive(self, cell: Cell, weight: float, receptor: int) -> None:
        cell.neuron.advance(self.clock.now)
        cell.neuron.arrive(weight, receptor)
        if not cell.per_arrival:
            if not cell.to_test:
                cell.to_test = True
                self.clock.at(self.clock.now, Kind.TEST, self._test, cell, rank=cell.ident)
        elif cell.neuron.next_spike() <= self.clock.now:
            self._fire(cell)
        else:
            self._plan(cell)

    def _test(self, cell: Cell) -> None:
        """Once a round: a neuron that has fired in it and is above threshold again fires in the next."""
        cell.to_test = False
        this_round = (self.clock.now, self.clock.round)
        if cell.neuron.next_spike() <= self.clock.now and cell.last_fired != this_round:
            self._fire(cell)
        else:
            self._plan(cell)

    def _fire(self, cell: Cell) -> None:
        self._fired(cell.ident, cell.neuron.fire())
        if cell.threshold:
            neuron: Any = cell.neuron
            neuron.p[cell.threshold.name] = cell.threshold.next()
        cell.last_fired = (self.clock.now, self.clock.round)
        self._plan(cell)

    def _fired(self, ident: int, row: int) -> None:
        """Enter a spike, of a neuron or a source, among those of this round."""
        if not self.fired:
            self.clock.at(self.clock.now, Kind.EMISSION, self._emit)
        self.fired.append((ident, row))

    def _emit(self) -> None:
        """Send off the spikes of this round, in the order in which they came up."""
        now, fired, self.fired = self.clock.now, self.fired, []
        if now != self._instant:
            self._instant, self._at_once = now, 0
        if self._at_once > 1000 + 100 * self.network.size:
            raise SimulationError(self._endless())
        self._at_once += 1 + len(fired)
        for ident, row in fired:
            population = self.population_of[ident]
            if self.dead[ident]:
                continue
            watched = ident in self.watched
            if watched or self.network.is_recorded(population):
                self.recorded.append((now, ident))
            if watched:
                self._until = now
            for projection in self.network.projections.values():
                if projection.source.population is population:
                    self._send_off(projection, ident - population.first, row)
            self.spike_counts[ident] += 1

    def _send_off(self, projection: Projection, source: int, row: int) -> None:
        """A spike sets out along its source's row; in look-up tables, along the one of them that its model names."""
        table, weights = self.numbered[projection.number].table, self.weights[projection.number]
        numbers = self.number_at[projection.number]
        rows_each = (table.row_start.size - 1) // projection.source.population.size
        place = source * rows_each + (row if table.dense else 0)
        synapses = range(table.row_start[place], table.row_start[place + 1])
        spike = source, int(self.spike_counts[projection.source.population.first + source])
        alike: Counter[int] = Counter()
        for rank, k in enumerate(synapses):
            target = rank if table.dense else int(table.targets[k])
            delay = float(table.delays[0 if table.delays_common else k])
            travel = self.travels[projection.number]
            when = travel.arrival(self.clock.now, delay, spike, (target, alike[target]))
            alike[target] += 1
            if when is not None:
                ident = projection.target.population.first + target
                arrival = (self._arrive_over_synapse, ident, weights, int(numbers[k]), projection.receptor)
                self.clock.at(when, Kind.ARRIVAL, *arrival)

    def _endless(self) -> str:
        """What is said of a cycle of zero delay: it has at most as many rounds as there are neurons."""
        since = (self.clock.now, self.clock.round - self.network.size)
        looping = [ident for ident, cell in self.cells.items() if cell.last_fired >= since]
        populations = [self.population_of[ident] for ident in looping]
        names = [f"{p.name}[{i - p.first}]" for i, p in zip(looping, populations, strict=True)]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return (
            f"at {self.clock.now:g} ms spikes go round without delay and without end, through "
            f"{', '.join(names[:5])}{more}: give the synapses a delay or the neurons a refractory period"
        )


def _cells(network: Network, population: Population) -> list[Cell]:
    """The neurons of a population; none for sources."""
    model = population.model
    if not isinstance(model, Model):
        return []
    with naming(population.name):
        values = realise(model, population.size, network.seed, population.name)
        moves = bool((noise.moving_thresholds(network, population, values)["std"] > 0.0).any())
        first = noise.with_first_thresholds(network, population, values)
        model.parameters(
            noise.highest_thresholds(network, population, values) if moves else first
        )  # may refuse
    each = [
        {name: float(column[i % column.size]) for name, column in first.items()}
        for i in range(population.size)
    ]
    neurons = [oracle_of(model)(own, model) for own in each]
    thresholds: list[MovingThreshold | None] = [None] * population.size
    if moves:
        thresholds = [MovingThreshold(network, population, i, values) for i in range(population.size)]
    return [
        Cell(population.first + i, neuron, model.test == "arrival", threshold)
        for i, (neuron, threshold) in enumerate(zip(neurons, thresholds, strict=True))
    ]


def _lists(columns: tuple[NDArray[Any], ...]) -> list[list[Any]]:
    return [column.tolist() for column in columns]
