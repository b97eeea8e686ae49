"""Parameters of neurons as they are now, and others from now on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from eventsim.build.draw import realise
from eventsim.errors import InputError
from eventsim.network import checks
from eventsim.network.description import FloatArray
from eventsim.network.model import Model
from eventsim.network.network import Network
from eventsim.network.population import PopulationView


class Parameters:
    """The parameters of all neurons of a network, (1,) where a population shares one, else (size,)."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._values: dict[str, dict[str, FloatArray]] = {}

    def read(self, view: PopulationView, name: str) -> FloatArray:
        """A parameter of some neurons, (n,)."""
        values = self._of(view)
        _known(name, values)
        return np.broadcast_to(values[name], view.population.size)[view.indices]

    def changed(self, view: PopulationView, values: Mapping[str, Any]) -> dict[str, FloatArray]:
        """All parameters of these neurons with some of them changed; each (1,) or (n,).

        Raises InputError for a parameter that does not exist or cannot change, a value that the model cannot use, and
        an array of another length.
        """
        model = view.population.model
        assert isinstance(model, Model)
        if "adopt" not in type(model).handlers.functions:
            why = f"the handlers of {type(model).__name__} have no `adopt` and so do not say how parameters change"
            raise InputError("parameters", ", ".join(values), why)
        before = self._of(view)
        own = {name: column if column.size == 1 else column[view.indices] for name, column in before.items()}
        for name, value in values.items():
            _known(name, before)
            if name.endswith("_init"):
                raise InputError(name, value, "it is of time 0 alone")
            if name == "i_e":
                raise InputError(name, value, "the external current is changed by `World.current`")
            own[name] = values_of(name, value, view.size)
        fields: dict[str, Any] = {n: float(c[0]) if c.size == 1 else c for n, c in own.items()}
        replace(model, **fields)  # refuses what cannot be
        model.parameters(own)
        return own

    def put(self, view: PopulationView, values: Mapping[str, FloatArray]) -> None:
        """These are the parameters of some neurons from now on, as `changed` has given them."""
        columns = self._of(view)
        for name, value in values.items():
            if view.is_whole:
                columns[name] = value
            elif columns[name].size > 1 or (value != columns[name]).any():
                columns[name] = np.array(np.broadcast_to(columns[name], view.population.size))
                columns[name][view.indices] = value

    def _of(self, view: PopulationView) -> dict[str, FloatArray]:
        population = view.population
        if population.name not in self._values:
            assert isinstance(population.model, Model)
            self._values[population.name] = realise(
                population.model, population.size, self._network.seed, population.name
            )
        return self._values[population.name]


def _known(name: str, values: Mapping[str, Any]) -> None:
    if name not in values:
        raise InputError("parameter", name, f"the model has {', '.join(values)}")


def values_of(field: str, value: Any, n: int, low: float = -np.inf, infinite: bool = True) -> FloatArray:
    """One number for all, (1,), or an array of one each, (n,)."""
    if np.ndim(value) == 0:
        value = value.item() if isinstance(value, np.ndarray | np.generic) else value
        return np.array([checks.number(field, value, low, infinite=infinite)])
    array = checks.real_array(field, value, low, infinite=infinite)
    if array.size != n:
        raise InputError(field, array.shape, f"as many values as members are needed: {n}")
    return array
