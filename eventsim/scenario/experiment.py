"""What a builder returns: a network, and what to make of its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.network import Network
    from eventsim.recording.results import Results
    from eventsim.simulation import Simulation
    from eventsim.world import World


@dataclass(frozen=True)
class Experiment:
    """A network with its experiment around it; a builder without any of this returns the ``Network`` alone.

    ``measure(results)`` returns the metrics of the summary and ``figures(results)`` extra pictures by name, both from
    the results as the raster file holds them.  ``duration_ms`` is for a scenario that gives none.  ``train_s`` is the
    part of the builder's time, in seconds, that is training and not building.  ``world(world)`` starts the processes
    around the network, anew for each run.
    """

    network: Network
    duration_ms: float | None = None
    measure: Callable[[Results], Mapping[str, Any]] | None = None
    figures: Callable[[Results], Mapping[str, Figure]] | None = None
    train_s: float = 0.0
    world: Callable[[World], None] | None = None

    def simulate(self, simulation: Simulation, duration_ms: float) -> None:
        """Run a simulation of the network for `duration_ms`, with the processes around it if there are any."""
        if self.world is None:
            simulation.run(duration_ms)
            return
        from eventsim.world import World

        world = World(simulation)
        self.world(world)
        world.run(duration_ms)
