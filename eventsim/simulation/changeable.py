"""What Python processes do to a compiled engine: watch, inject, change; what both engines have in common of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.groups import Groups, with_rows
from eventsim.build.numbered import NumberedSynapses, Numbers
from eventsim.build.wiring import Wiring
from eventsim.kernels import changing, layout
from eventsim.kernels.memory import address
from eventsim.network.model import Model
from eventsim.network.network import Network
from eventsim.network.population import Population
from eventsim.simulation.injected import Injected


class Changeable:
    """An engine that stops at watched spikes, takes events from outside, and whose neurons and synapses can change.

    All changes are made at `time`, after all that has happened there.
    """

    network: Network
    groups: Groups
    wiring: Wiring
    time: float

    def __init__(self) -> None:
        self.injected = Injected()
        self.stops_often = False  # then what comes from outside is read ahead of where it is to stop
        self._again = False  # something has been done at `time`: what follows from it there is still to come
        self._numbered: dict[int, NumberedSynapses] = {}

    def watch(self, ids: NDArray[np.int64]) -> None:
        """From now on stop right after the instant of a spike of one of these (global ids), and hand it out."""
        directory = self.wiring.block.arrays
        directory["watched"][:] = 0
        ids = ids[directory["dead"][ids] == 0]  # whose spikes never come
        directory["watched"][ids] = 1
        directory["recorded"] &= layout.RECORDED
        directory["recorded"][directory["population_of"][ids]] |= layout.WATCHED

    def inject(self, kind: str, *columns: NDArray[Any]) -> None:
        """Spikes of sources (times, ids) or changes of currents (times, ids, values), not before `time`."""
        self.injected.add(kind, *columns)
        self._again |= bool((columns[0] <= self.time).any())

    def change_parameters(
        self, population: Population, indices: NDArray[np.int64], values: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Other parameters for some neurons of a population: of each (1,) for all of them, or (n,)."""
        assert isinstance(population.model, Model)
        rows = population.model.parameters(values)
        g = self.groups.of_population[population.name]
        locals_ = indices + self.groups.local_first[population.name]
        self._hand_back(population)
        self.groups, before = with_rows(self.groups, g, locals_, rows)
        where = address(locals_), address(before)
        changing.adopt_parameters(self.groups.kernel, g, *where, locals_.size, self.time)
        self._take_over(population, g, locals_)
        self._again = True

    def synapses_of(self, number: int) -> NumberedSynapses:
        """The synapses of a projection as they are now."""
        if number not in self._numbered:
            self._numbered[number] = NumberedSynapses(self.wiring.tables[number], self._bounds_onto(number))
        return self._numbered[number]

    def set_weights(self, number: int, synapses: Numbers, values: NDArray[np.float64]) -> None:
        """Other weights for synapses of a projection; spikes that are under way arrive with these."""
        self.synapses_of(number).set_weights(synapses, values)
        self._put(number)

    def set_delays(self, number: int, values: NDArray[np.float64]) -> None:
        """Other delays for all synapses of a projection; spikes that are under way keep theirs.

        Raises InputError for delays that the engine cannot have; then nothing has changed.
        """
        numbered = self.synapses_of(number)
        table, order = numbered.with_delays(values)
        self._prepare_delays(float(table.delays.min(initial=np.inf)))
        for link in numbered.retired():
            if not self._is_under_way(link):
                numbered.forget(link)
                self.wiring.release(link)
        if self._is_under_way(number):
            link = self.wiring.retire(number)
            numbered.keep_in(link)
            self._divert(number, link)
        numbered.put_delays(table, order)
        self._put(number)

    def _put(self, number: int) -> None:
        """Let the kernel have a projection's synapses as they are now."""
        numbered = self.synapses_of(number)
        for link, table in ((number, numbered.table), *numbered.retired().items()):
            self.wiring.put(link, table)

    def _hand_back(self, population: Population) -> None:
        """See to it that the neurons' records are up to date, as of `time` or earlier."""
        raise NotImplementedError

    def _take_over(self, population: Population, g: int, locals_: NDArray[np.int64]) -> None:
        """Go on with what is in the neurons' records, as of `time`."""
        raise NotImplementedError

    def _bounds_onto(self, number: int) -> NDArray[np.int64] | None:
        """Where the targets of a projection are cut into tiles, if they are."""
        raise NotImplementedError

    def _prepare_delays(self, shortest: float) -> None:
        """Delays are about to change.  Raise InputError where they become too short for this engine."""

    def _is_under_way(self, link: int) -> bool:
        """Whether some spike still has synapses of this link before it."""
        raise NotImplementedError

    def _divert(self, link: int, to: int) -> None:
        """Let the spikes that are under way over one link go on over another."""
        raise NotImplementedError
