"""One neuron of each model in plain Python: textbook formulas, none shared with the kernels."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from scipy.optimize import brentq

from eventsim.errors import SimulationError
from eventsim.models.integrate_and_fire import IF
from eventsim.models.izhikevich import Izhikevich
from eventsim.models.izhikevich_grid import IzhikevichGrid
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from eventsim.models.lut import TABLE_VALUE, LUTOutputs, LUTTables
from eventsim.network.model import Model
from eventsim.simulation.oracle.izhikevich import InSteps, TwoVariables

_LAST_BITS = 4.0 * float(np.finfo(np.float64).eps)  # the most that brentq can be asked for
_HALVINGS = 5000  # a zero may lie anywhere down to 1e-300, where 100 steps, its default, do not suffice


class Neuron(Protocol):
    """What the SimPy engine asks of a neuron; made from its parameters by name and its model's description.

    Where the model has a `threshold` it keeps its parameters as ``p``, in which noise changes the threshold.

    A model of one's own names such a class as ``oracle: ClassVar``.
    """

    p: Mapping[str, float]
    """The parameters, which may be others from the time on that it has come to."""

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

    def fire(self) -> int:
        """A spike now; returns which of its rows of synapses it goes along: 0 where it has but one."""


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
        awake = copy.copy(self)
        awake.advance(max(self.now, self.free))
        return awake.now + (0.0 if awake.v > self.p["v_th"] else awake.wait())

    def look_again(self) -> float:
        return math.inf

    def arrive(self, weight: float, receptor: int) -> None:
        if self.now >= self.free:
            self.v += weight

    def set_current(self, value: float) -> None:
        self.current = value

    def fire(self) -> int:
        if self.subtracts:
            self.v -= self.p["v_th"] - self.p["v_reset"]
        else:
            self.v = self.p["v_reset"]
        self.free = self.now + self.p["t_ref"]
        return 0


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
    """tau V' = V_inf - V + R (I_ex + I_in), each synaptic current decaying with its own time constant.

    Every crossing is found: V' exp(x/tau) has a derivative that is a sum of two exponentials, whose one zero is known;
    so V' has a zero at most on either side of it, and V is monotone between these.
    """

    def __init__(self, values: Mapping[str, float], model: Any) -> None:
        super().__init__(values, model)
        self.synaptic = [0.0, 0.0]  # pA, excitatory and inhibitory

    @property
    def constants(self) -> list[float]:
        return [self.p["tau_syn_ex"], self.p["tau_syn_in"]]

    def advance(self, t: float) -> None:
        """V is held while refractory, the synaptic currents are not."""
        awake = min(max(self.now, self.free), t)
        self._decay(awake - self.now)
        if t > awake:
            self.v = self.voltage(t - awake)
            self._decay(t - awake)
        self.now = t

    def arrive(self, weight: float, receptor: int) -> None:
        self.synaptic[0 if weight > 0.0 else 1] += weight

    def voltage(self, x: float) -> float:
        """Each synaptic current adds (I/C) (exp(-x/tau) - exp(-x/tau_s)) / (1/tau_s - 1/tau).

        If the time constants are equal, (I/C) x exp(-x/tau).
        """
        tau, v = self.p["tau_m"], super().voltage(x)
        for current, tau_s in zip(self.synaptic, self.constants, strict=True):
            if tau_s == tau:
                response = x * math.exp(-x / tau)
            else:
                response = (math.exp(-x / tau) - math.exp(-x / tau_s)) / (1.0 / tau_s - 1.0 / tau)
            v += current / self.p["c_m"] * response
        return v

    def slope(self, x: float) -> float:
        """V'(x), term by term."""
        tau = self.p["tau_m"]
        slope = (self.v_inf - self.v) / tau * math.exp(-x / tau)
        for current, tau_s in zip(self.synaptic, self.constants, strict=True):
            if tau_s == tau:
                change = (1.0 - x / tau) * math.exp(-x / tau)
            else:
                change = (math.exp(-x / tau_s) / tau_s - math.exp(-x / tau) / tau) / (1.0 / tau_s - 1.0 / tau)
            slope += current / self.p["c_m"] * change
        return slope

    def wait(self) -> float:
        turns = self._turns()
        for start, end in pairwise(turns):
            if self._over(start) <= 0.0 < self._over(end):
                return float(brentq(self._over, start, end, xtol=1e-300, rtol=_LAST_BITS, maxiter=_HALVINGS))
        return math.inf

    def _over(self, x: float) -> float:
        return self.voltage(x) - self.p["v_th"]

    def _turns(self) -> list[float]:
        """Times between which V is monotone: now, its extrema, and one when all currents are long gone."""
        alive = [tau for tau, current in zip(self.constants, self.synaptic, strict=True) if current != 0.0]
        far = 80.0 * max(self.p["tau_m"], *alive, 0.0)
        turns = [0.0]
        for start, end in pairwise([0.0, min(self._parting(), far), far]):
            if self.slope(start) * self.slope(end) < 0.0:
                turns.append(
                    float(brentq(self.slope, start, end, xtol=1e-300, rtol=_LAST_BITS, maxiter=_HALVINGS))
                )
        return [*turns, far]

    def _parting(self) -> float:
        """The zero of (I_ex/tau_ex) exp(-x/tau_ex) + (I_in/tau_in) exp(-x/tau_in); 0 where there is none."""
        (ex, inh), (tau_ex, tau_in) = self.synaptic, self.constants
        if ex == 0.0 or inh == 0.0 or tau_ex == tau_in:
            return 0.0
        return max(0.0, math.log(-ex * tau_in / (inh * tau_ex)) / (1.0 / tau_ex - 1.0 / tau_in))

    def _decay(self, x: float) -> None:
        pairs = zip(self.synaptic, self.constants, strict=True)
        self.synaptic = [current * math.exp(-x / tau) for current, tau in pairs]


class _Volleys:
    """Time in intervals (start + k T, start + (k + 1) T], in fractions: nothing is rounded before the end."""

    def __init__(self, values: Mapping[str, float], model: Any) -> None:
        self.p = values
        self.start, self.length = Fraction(values["start_ms"]), Fraction(values["interval_ms"])
        self.now = 0.0

    def volley(self) -> int:
        return math.ceil((Fraction(self.now) - self.start) / self.length) - 1

    def beginning(self, volley: int) -> Fraction:
        return self.start + volley * self.length

    def advance(self, t: float) -> None:
        self.now = t

    def look_again(self) -> float:
        return math.inf

    def set_current(self, value: float) -> None:
        """A layer takes no current."""


class Table(_Volleys):
    """A look-up table: keeps when each pin was first reached in this volley, and compares when it is read.

    Pins 2 r and 2 r + 1 are the inputs a and b of comparison r, whose bit is 1 if b came before a.
    """

    def __init__(self, values: Mapping[str, float], model: Any) -> None:
        super().__init__(values, model)
        self.comparisons = range(model.n_comparisons)
        self.present = -1
        self.reached: dict[int, float] = {}
        self.is_read = False

    def arrive(self, weight: float, receptor: int) -> None:
        if self.volley() != self.present:
            self.present, self.reached, self.is_read = self.volley(), {}, False
        self.reached.setdefault(int(weight), self.now)

    def next_spike(self) -> float:
        if self.is_read or not self.reached:
            return math.inf
        if all(2 * r in self.reached or 2 * r + 1 in self.reached for r in self.comparisons):
            return self.now
        return float(self.beginning(self.present + 1))

    def fire(self) -> int:
        self.is_read = True
        when = {pin: self.reached.get(pin, math.inf) for r in self.comparisons for pin in (2 * r, 2 * r + 1)}
        return sum(2**r for r in self.comparisons if when[2 * r + 1] < when[2 * r])


class Output(_Volleys):
    """Sums what arrives in a volley and spikes in the next one with the sum as its latency."""

    def __init__(self, values: Mapping[str, float], model: Any) -> None:
        super().__init__(values, model)
        self.offset = Fraction(values["offset_ms"])
        self.sums: dict[int, Fraction] = {}  # of the volleys not yet answered

    def arrive(self, weight: float, receptor: int) -> None:
        volley = self.volley()
        own_latency = Fraction(self.now) - self.beginning(volley) - self.offset
        value = Fraction(weight) if receptor == TABLE_VALUE else own_latency
        self.sums[volley] = self.sums.get(volley, Fraction(0)) + value

    def next_spike(self) -> float:
        if not self.sums:
            return math.inf
        volley = min(self.sums)
        return max(self.now, float(self.beginning(volley + 1) + self.offset + self.sums[volley]))

    def fire(self) -> int:
        del self.sums[min(self.sums)]
        return 0


ORACLES: dict[type[Model], type[Neuron]] = {
    IF: NonLeaky,
    LIF: Leaky,
    LIFExp: LeakyExponential,
    Izhikevich: TwoVariables,
    IzhikevichGrid: InSteps,
    LUTTables: Table,
    LUTOutputs: Output,
}
