"""Projections: the synapses from one population to another, described by a rule, a weight and a delay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsim.errors import InputError
from eventsim.network import checks
from eventsim.network.description import Description
from eventsim.network.distributions import Distribution, Value
from eventsim.network.population import PopulationView
from eventsim.network.rules import AllToAll, Rule, TableRows, forbidden_selves


@dataclass(frozen=True)
class Projection(Description):
    """Made by `Network.connect`.

    weight: what the target model's jump is given, in the model's unit; None with a rule that holds the weights.
    delay: from the spike to its arrival, ms, >= 0.
    Both are a number for all synapses, an array in the rule's numbering of its synapses (or, with `AllToAll`,
    one of shape (n_source, n_target), whose forbidden autapses are left out), or a `Distribution`.
    A weight of each synapse's own, from an array, a matrix or a distribution, is simulated as the nearest float32 (a
    relative error of at most 6e-8); common weights, the tables of look-up networks and all delays as float64.
    receptor: which of the target model's receptors, 0 being the first.

    The random streams of a projection are keyed by its name and the network's seed.
    """

    name: str
    number: int
    source: PopulationView
    target: PopulationView
    rule: Rule
    weight: Value | None
    delay: Value
    receptor: int = 0

    def validate(self) -> None:
        self._set("receptor", checks.whole("receptor", self.receptor))
        self.rule.check(self.source, self.target)
        if self.target.population.is_source:
            raise InputError("target", self.target.population.name, "spike sources receive nothing")
        if self.rule.holds_weights:
            if self.weight is not None:
                raise InputError("weight", self.weight, f"{type(self.rule).__name__} holds the weights")
        else:
            self._set("weight", self._checked("weight", 1.0 if self.weight is None else self.weight))
        self._set("delay", self._checked("delay", self.delay, 0.0))
        if isinstance(self.rule, TableRows) and not isinstance(self.delay, float):
            raise InputError("delay", self.delay, "look-up tables have one delay for all synapses")

    def _checked(self, name: str, value: Any, low: float = -np.inf) -> Value:
        """The weight or the delay if it is one that this rule can use and that cannot be below `low`."""
        field = f"{name} of {self.name!r}"
        if isinstance(value, Distribution):
            if value.lowest < low and np.isfinite(value.lowest):
                raise InputError(field, value, f"would draw values below {low:g}")
            return value
        if not isinstance(value, np.ndarray):
            return checks.number(field, value, low)
        array = checks.real_array(field, value, low, dimensions=(1, 2))
        count = self.rule.synapse_count(self.source, self.target)
        if count is None:
            why = f"{type(self.rule).__name__} has no fixed number of synapses for an array"
            raise InputError(field, value, why)
        if isinstance(self.rule, AllToAll) and array.shape == (self.source.size, self.target.size):
            array = np.delete(array, forbidden_selves(self.source, self.target, self.rule.autapses))
            array.setflags(write=False)
        if array.shape != (count,):
            why = f"the array needs the shape ({count},), one element a synapse"
            raise InputError(field, array.shape, why)
        return array
