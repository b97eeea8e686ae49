"""What a builder returns: a network, and what to make of its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eventsim.errors import shown
from eventsim.scenario.problems import ScenarioError

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

    def metrics(self, results: Results) -> dict[str, Any]:
        """What ``measure`` finds, empty without it.  Raises ``ScenarioError`` if it returns no mapping."""
        return _returned(self.measure, results, "values")

    def pictures(self, results: Results) -> dict[str, Figure]:
        """What ``figures`` draws, empty without it.  Raises ``ScenarioError`` for no mapping or no figure."""
        pictures = _returned(self.figures, results, "figures")
        for name, picture in pictures.items():
            if not hasattr(picture, "savefig"):
                what = f"{_name_of(self.figures)} returned {shown(picture)} for {name!r}"
                raise ScenarioError(f"{what}: a matplotlib Figure is needed")
        return pictures

    def simulate(self, simulation: Simulation, duration_ms: float) -> None:
        """Run a simulation of the network for `duration_ms`, with the processes around it if there are any."""
        if self.world is None:
            simulation.run(duration_ms)
            return
        from eventsim.world import World

        world = World(simulation)
        self.world(world)
        world.run(duration_ms)


def _returned(
    function: Callable[[Results], Mapping[str, Any]] | None, results: Results, of: str
) -> dict[str, Any]:
    """What a function of the builder's says of the results, by name."""
    if function is None:
        return {}
    found: Any = function(results)
    if not isinstance(found, Mapping):
        what = f"{_name_of(function)} returned {shown(found)}"
        raise ScenarioError(f"{what}: a mapping of names to {of} is needed, such as a dict")
    return dict(found)


def _name_of(function: Any) -> str:
    """``module:name`` of a function, of the one in a partial or of an object's class."""
    named = getattr(function, "func", function)
    return f"{named.__module__}:{getattr(named, '__qualname__', type(named).__qualname__)}"
