"""What is kept of a run beyond the spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventsim.network import checks
from eventsim.network.description import Description, FloatArray

if TYPE_CHECKING:
    from eventsim.network.population import PopulationView


@dataclass(frozen=True)
class StateRecorder(Description):
    """A state variable of the target neurons at given times; made by `Network.record_state`.

    variable: a field of the model's `state_dtype`.  times_ms: (k,) increasing, >= 0.
    """

    name: str
    number: int
    target: PopulationView
    variable: str
    times_ms: FloatArray

    def validate(self) -> None:
        self._set("times_ms", checks.times("times_ms", self.times_ms, strictly=True))
