"""One neuron of each model in plain Python: textbook formulas, none shared with the kernels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Protocol

from scipy.optimize import brentq

from eventsim.errors import SimulationError
from eventsim.models.integrate_and_fire import IF
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from eventsim.network.model import Model


class Neuron(Protocol):
    """What the SimPy engine asks of a neuron; made from its parameters by name and its model's description.

    A model of one's own names such a class as ``oracle: ClassVar``.
    """

    def __init__(self, values: Mapping[str, float], model: Any) -> None: ...
    def advance(self, t: float) -> None:
        """Go on to time t, nothing arriving before."""

    def next_spike(self) -> float:
        """When it fires if nothing arrives: not before the time it has come to; inf for never."""

    def look_again(self) -> float:
        """How far `next_spike` has looked: it is asked again then."""

    def arrive(self, weight: float, receptor: int) -> None:
        """An arrival now."""

    def set_current(self, value: float) -> None:
        """The external current from now on."""

    def fire(self) -> int | None:
        """A spike now; returns the row of synapses it goes along, None for the neuron's own."""


def oracle_of(model: Model) -> type[Neuron]:
    """The class of a model's plain neurons.

    Raises SimulationError for a model that has none.
    """
    name = type(model).__name__
    found: type[Neuron] | None = getattr(type(model), "oracle", None) or ORACLES.get(type(model))
    if found is None:
        raise SimulationError(
            f"the model {name} has no plain neuron for the SimPy engine: define {name}.oracle, a class with the "
            "methods of eventsim.simulation.oracle.neurons.Neuron, or use the engine 'queue'"
        )
    return found


class IntegrateAndFire:
    """What the integrate-and-fire models share: refractory period, threshold, reset."""

    def __init__(self, values: Mapping[str, float], model: Any) -> None:
        self.p = values
        self.subtracts = model.reset == "subtract"
        self.now = 0.0
        self.free = 0.0  # end of the refractory period
        self.v = values["v_init"]
        self.current = values["i_e"]

    def voltage(self, x: float) -> float:
        """V a time x from now, the neuron not being refractory."""
        raise NotImplementedError

    def wait(self) -> float:
        """Time to the crossing from below the threshold; inf for none."""
        raise NotImplementedError

    def advance(self, t: float) -> None:
        awake = max(self.now, self.free)
        if t > awake:
            self.v = self.voltage(t - awake)
        self.now = t

    def next_spike(self) -> float:
        above = self.v > self.p["v_th"]
        return max(self.now, self.free) + (0.0 if above else self.wait())

    def look_again(self) -> float:
        return math.inf

    def arrive(self, weight: float, receptor: int) -> None:
        if self.now >= self.free:
            self.v += weight

    def set_current(self, value: float) -> None:
        self.current = value

    def fire(self) -> int | None:
        if self.subtracts:
            self.v -= self.p["v_th"] - self.p["v_reset"]
        else:
            self.v = self.p["v_reset"]
        self.free = self.now + self.p["t_ref"]
        return None


class NonLeaky(IntegrateAndFire):
    """C V' = I."""

    def voltage(self, x: float) -> float:
        return self.v + self.current / self.p["c_m"] * x

    def wait(self) -> float:
        if self.current <= 0.0:
            return math.inf
        return (self.p["v_th"] - self.v) / (self.current / self.p["c_m"])


class Leaky(IntegrateAndFire):
    """tau V' = V_inf - V,  V_inf = E_L + R I."""

    @property
    def v_inf(self) -> float:
        return self.p["e_l"] + self.p["tau_m"] / self.p["c_m"] * self.current

    def voltage(self, x: float) -> float:
        """V0 e + V_inf (1 - e),  e = exp(-x / tau)."""
        e = math.exp(-x / self.p["tau_m"])
        return self.v * e - self.v_inf * math.expm1(-x / self.p["tau_m"])

    def wait(self) -> float:
        """tau log((V_inf - V0) / (V_inf - V_th))."""
        if self.v_inf <= self.p["v_th"]:
            return math.inf
        return self.p["tau_m"] * math.log((self.v_inf - self.v) / (self.v_inf - self.p["v_th"]))


class LeakyExponential(Leaky):
    """tau V' = V_inf - V + R (I_ex + I_in), each current decaying with its own time constant.

    V is a sum of exponentials, each synaptic current I adding R I tau_s / (tau - tau_s) (exp(-x/tau) - exp(-x/tau_s)),
    or R I x/tau exp(-x/tau) if the time constants are equal.

    V' exp(x/tau) has a derivative with one zero at most, known in closed form; so V' has two zeros at most, one on
    each side, and V is monotone between them.
    """

    def __init__(self, values: Mapping[str, float], model: Any) -> None:
        super().__init__(values, model)
        self.currents = [0.0, 0.0]  # pA, excitatory and inhibitory
        self.constants = values["tau_syn_ex"], values["tau_syn_in"]

    def advance(self, t: float) -> None:
        """V is held while refractory, the currents are not."""
        self._decay(min(max(self.free - self.now, 0.0), t - self.now))
        held = self.currents.copy()
        super().advance(t)
        self.currents = held
        self._decay(min(t - self.free, self._elapsed))

    def _decay(self, x: float) -> None:
        self.currents = [i * math.exp(-x / tau) for i, tau in zip(self.currents, self.constants, strict=True)]
