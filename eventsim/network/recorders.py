"""What is kept of a run beyond the spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventsim.network import checks
from eventsim.network.description import Description, FloatArray
from eventsim.network.model import Model

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

    @property
    def unit(self) -> str:
        """The variable's unit, empty where the model declares none."""
        model = self.target.population.model
        return model.unit_of(self.variable) if isinstance(model, Model) else ""

    def validate(self) -> None:
        self._set("times_ms", checks.times("times_ms", self.times_ms, strictly=True))
