"""Processes that wait for spikes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from eventsim.network.population import PopulationView
from eventsim.world.clock import Clock


class Spikes(NamedTuple):
    """What a wait for spikes is answered with: when (ms) and who, indices in the population in order of the spikes."""

    time: float
    members: NDArray[np.int64]


class SpikeWaits:
    """Events that happen when one of some neurons or sources fires."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: list[tuple[PopulationView, NDArray[np.int64], simpy.Event]] = []

    def add(self, view: PopulationView) -> simpy.Event:
        """An event at the next instant at which a member fires; its value is `Spikes`."""
        event = simpy.Event(self._clock)
        self._waits.append((view, view.indices + view.population.first, event))
        return event

    def watched(self) -> NDArray[np.int64]:
        """Global ids of all for whom somebody waits, (n,), in order."""
        return np.unique(np.concatenate([np.zeros(0, np.int64), *(ids for _, ids, _ in self._waits)]))

    def tell(self, time: float, heard: NDArray[np.uint32]) -> None:
        """These (global ids) have fired."""
        if heard.size == 0:
            return
        still = []
        for view, ids, event in self._waits:
            mine = heard[np.isin(heard, ids)]
            if mine.size:
                members = mine.astype(np.int64) - view.population.first
                self._clock.schedule_at(event, time, Spikes(time, members))
            else:
                still.append((view, ids, event))
        self._waits = still
