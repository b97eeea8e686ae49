"""Noise on spikes, synapses and neurons, as a description.

What it does to a spike, a synapse or a neuron is a pure function of the network's seed, of the name of what it is on,
and of a number: the functions are in `eventsim.kernels.noise`.  So it depends on no engine and no order, and switching
one kind on changes no draw of another.  A Poisson background is a `PoissonDrive`.

The rule of causality, for everything that moves spikes: an arrival comes at max(t, t + delay + what moves it), where t
is when its spike was emitted; never before its cause.  A moved emission of a source is not before time 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eventsim.errors import InputError
from eventsim.network import checks
from eventsim.network.description import Description

Shape = Literal["normal", "uniform", "exponential"]
Per = Literal["spike", "synapse"]


@dataclass(frozen=True)
class Noise(Description):
    """Base of all noise."""


@dataclass(frozen=True)
class SpikeJitter(Noise):
    """Arrivals moved in time.

    scale_ms: the standard deviation of a normal distribution around 0, the half-width of a uniform one, or the mean of
    an exponential one (which only delays).  per: one draw for a spike, all of whose arrivals move together, or one for
    each.
    """

    scale_ms: float
    shape: Shape = "normal"
    per: Per = "spike"

    def validate(self) -> None:
        self._set("scale_ms", checks.number("scale_ms", self.scale_ms, 0.0))
        _one_of("shape", self.shape, ("normal", "uniform", "exponential"))
        _one_of("per", self.per, ("spike", "synapse"))


@dataclass(frozen=True)
class LostSpikes(Noise):
    """Spikes, or single arrivals, lost with a probability."""

    probability: float
    per: Per = "spike"

    def validate(self) -> None:
        _probability(self, "probability")
        _one_of("per", self.per, ("spike", "synapse"))


@dataclass(frozen=True)
class SpuriousSpikes(Noise):
    """Spikes that no neuron fired, along its synapses: Poisson at ``rate_hz`` for each neuron, independent."""

    rate_hz: float

    def validate(self) -> None:
        self._set("rate_hz", checks.number("rate_hz", self.rate_hz, 0.0))


@dataclass(frozen=True)
class DelayMismatch(Noise):
    """Delays times a factor of each synapse: lognormal of mean 1 and standard deviation ``std``, the same for a run.

    drift_per_s: how fast, relative to 1, the factors of all grow (or shrink) with time; a delay is never below 0.
    """

    std: float = 0.0
    drift_per_s: float = 0.0

    def validate(self) -> None:
        self._set("std", checks.number("std", self.std, 0.0))
        self._set("drift_per_s", checks.number("drift_per_s", self.drift_per_s))


@dataclass(frozen=True)
class WeightMismatch(Noise):
    """Weights times a factor of each synapse: normal of mean 1 and standard deviation ``std``, the same for a run."""

    std: float

    def validate(self) -> None:
        self._set("std", checks.number("std", self.std, 0.0))


@dataclass(frozen=True)
class WeightQuantisation(Noise):
    """Weights rounded to 2^bits - 1 levels from -largest to largest, 0 among them; beyond, to the outermost.

    The nearest level; of two equally near ones that of even number.
    """

    bits: int
    largest: float

    def validate(self) -> None:
        self._set("bits", checks.whole("bits", self.bits, 2))
        if self.bits > 52:
            raise InputError("bits", self.bits, "must be at most 52, those of a float64")
        self._set("largest", checks.number("largest", self.largest, 0.0, above=True))


@dataclass(frozen=True)
class ThresholdNoise(Noise):
    """Thresholds moved by a normal draw of standard deviation ``std`` (in their unit): a new one after each spike.

    per_spike = False: one draw a neuron, the same for the run.
    """

    std: float
    per_spike: bool = True

    def validate(self) -> None:
        self._set("std", checks.number("std", self.std, 0.0))
        self._set("per_spike", checks.flag("per_spike", self.per_spike))


@dataclass(frozen=True)
class ClockTick(Noise):
    """Arrivals rounded to a hardware clock: whole multiples of ``tick_ms``.

    rounding: to the last tick (``"floor"``) or the nearest; ties: of two equally near ones the ``"even"`` multiple or
    the later one (``"up"``).
    """

    tick_ms: float
    rounding: Literal["floor", "nearest"] = "nearest"
    ties: Literal["even", "up"] = "even"

    def validate(self) -> None:
        self._set("tick_ms", checks.number("tick_ms", self.tick_ms, 0.0, above=True))
        _one_of("rounding", self.rounding, ("floor", "nearest"))
        _one_of("ties", self.ties, ("even", "up"))


@dataclass(frozen=True)
class DeadNeurons(Noise):
    """Neurons that never fire: each with a probability."""

    probability: float

    def validate(self) -> None:
        _probability(self, "probability")


@dataclass(frozen=True)
class StuckSynapses(Noise):
    """Synapses whose weight is ``weight`` whatever it should be: each with a probability."""

    probability: float
    weight: float = 0.0

    def validate(self) -> None:
        _probability(self, "probability")
        self._set("weight", checks.number("weight", self.weight))


def _one_of(field: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(field, value, f"one of {', '.join(known)} is needed")


def _probability(noise: LostSpikes | DeadNeurons | StuckSynapses, field: str) -> None:
    value = checks.number(field, getattr(noise, field), 0.0)
    if value > 1.0:
        raise InputError(field, value, "must be at most 1")
    noise._set(field, value)
