"""Noise on spikes, synapses and neurons, as a description; `Network.set_noise` puts it on projections and populations.

What it does to a spike, a synapse or a neuron is a pure function of a seed, of the name of what it is on, and of
numbers that belong to the spike, the synapse or the neuron: the functions are in `eventsim.kernels.noise`.  So it
depends on no engine and no order, and switching one kind on changes no draw of another.  A Poisson background is a
`PoissonDrive`.

The rule of causality: a spike emitted at t arrives at max(t, clock(t + delay + jitter)), never before its cause.  What
this lets arrive at one instant acts as what arrives together without noise: in the order of emission.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from eventsim.errors import InputError
from eventsim.network import checks
from eventsim.network.description import Description
from eventsim.network.inputs import HIGHEST_HZ
from eventsim.network.population import Population
from eventsim.network.projection import Projection
from eventsim.network.rules import TableRows

Shape = Literal["normal", "uniform", "exponential"]
Per = Literal["spike", "synapse"]


@dataclass(frozen=True)
class Noise(Description):
    """Base of all noise.  Of a strength of 0 it is not there: ``acts`` is False."""

    strength: ClassVar[str | None] = None

    @property
    def acts(self) -> bool:
        """Whether it does anything at all."""
        return self.strength is None or bool(getattr(self, self.strength))


@dataclass(frozen=True)
class SynapseNoise(Noise):
    """Base of what acts on a projection: on its spikes or on its synapses."""


@dataclass(frozen=True)
class NeuronNoise(Noise):
    """Base of what acts on a population."""


@dataclass(frozen=True)
class SpikeJitter(SynapseNoise):
    """Arrivals moved in time.

    scale_ms: the standard deviation of a normal distribution around 0, the half-width of a uniform one, or the mean of
    an exponential one (which only delays).  per: one draw for a spike, all of whose arrivals move together, or one for
    each.
    """

    strength: ClassVar[str | None] = "scale_ms"

    scale_ms: float
    shape: Shape = "normal"
    per: Per = "spike"

    def validate(self) -> None:
        self._set("scale_ms", checks.number("scale_ms", self.scale_ms, 0.0))
        checks.one_of("shape", self.shape, ("normal", "uniform", "exponential"))
        checks.one_of("per", self.per, ("spike", "synapse"))


@dataclass(frozen=True)
class LostSpikes(SynapseNoise):
    """Spikes, or single arrivals, lost with a probability."""

    strength: ClassVar[str | None] = "probability"

    probability: float
    per: Per = "spike"

    def validate(self) -> None:
        _probability(self, "probability")
        checks.one_of("per", self.per, ("spike", "synapse"))


@dataclass(frozen=True)
class SpuriousSpikes(NeuronNoise):
    """Spikes that no neuron fired: Poisson at ``rate_hz`` for each neuron, independent.

    They go along its synapses, and are recorded and counted as its own are: on a wire nobody can tell them apart.  The
    neuron itself is not touched.
    """

    strength: ClassVar[str | None] = "rate_hz"

    rate_hz: float

    def validate(self) -> None:
        self._set("rate_hz", checks.number("rate_hz", self.rate_hz, 0.0, HIGHEST_HZ))


@dataclass(frozen=True)
class DelayMismatch(SynapseNoise):
    """Delays times a factor of each synapse: lognormal of mean 1 and standard deviation ``std``, the same for a run.

    drift_per_s: all delays of a spike emitted at t ms are longer by the factor 1 + drift_per_s t / 1000; or shorter,
        but never below 0.
    """

    std: float = 0.0
    drift_per_s: float = 0.0

    @property
    def acts(self) -> bool:
        return self.std > 0.0 or self.drift_per_s != 0.0

    def validate(self) -> None:
        self._set("std", checks.number("std", self.std, 0.0))
        self._set("drift_per_s", checks.number("drift_per_s", self.drift_per_s))


@dataclass(frozen=True)
class WeightMismatch(SynapseNoise):
    """Weights times a factor of each synapse: normal of mean 1 and standard deviation ``std``, the same for a run."""

    strength: ClassVar[str | None] = "std"

    std: float

    def validate(self) -> None:
        self._set("std", checks.number("std", self.std, 0.0))


@dataclass(frozen=True)
class WeightQuantisation(SynapseNoise):
    """Weights rounded to 2^bits - 1 levels from -largest to largest, 0 among them; beyond, to the outermost.

    The nearest level; of two equally near ones that of even number.  It comes after `WeightMismatch`, and
    `StuckSynapses` after both.
    """

    bits: int
    largest: float

    def validate(self) -> None:
        self._set("bits", checks.whole("bits", self.bits, 2))
        if self.bits > 52:
            raise InputError("bits", self.bits, "must be at most 52, those of a float64")
        self._set("largest", checks.number("largest", self.largest, 0.0, above=True))


@dataclass(frozen=True)
class ThresholdNoise(NeuronNoise):
    """Thresholds moved by a normal draw of standard deviation ``std`` (in their unit): a new one after each spike.

    per_spike = False: one draw a neuron, the same for the run.  For models that say which parameter is their threshold
    (`Model.threshold`), and for a new one after each spike have the handler ``set_threshold``.
    """

    strength: ClassVar[str | None] = "std"

    std: float
    per_spike: bool = True

    def validate(self) -> None:
        self._set("std", checks.number("std", self.std, 0.0))
        self._set("per_spike", checks.flag("per_spike", self.per_spike))


@dataclass(frozen=True)
class ClockTick(SynapseNoise):
    """Arrivals rounded to a hardware clock: whole multiples of ``tick_ms``.

    rounding: to the last tick (``"floor"``) or the nearest; ties: of two equally near ones the ``"even"`` multiple or
    the later one (``"up"``).
    """

    tick_ms: float
    rounding: Literal["floor", "nearest"] = "nearest"
    ties: Literal["even", "up"] = "even"

    def validate(self) -> None:
        self._set("tick_ms", checks.number("tick_ms", self.tick_ms, 0.0, above=True))
        checks.one_of("rounding", self.rounding, ("floor", "nearest"))
        checks.one_of("ties", self.ties, ("even", "up"))


@dataclass(frozen=True)
class DeadNeurons(NeuronNoise):
    """Neurons from which no spike comes, each with a probability: none is sent, recorded or counted."""

    strength: ClassVar[str | None] = "probability"

    probability: float

    def validate(self) -> None:
        _probability(self, "probability")


@dataclass(frozen=True)
class StuckSynapses(SynapseNoise):
    """Synapses whose weight is ``weight`` whatever it should be: each with a probability."""

    strength: ClassVar[str | None] = "probability"

    probability: float
    weight: float = 0.0

    def validate(self) -> None:
        _probability(self, "probability")
        self._set("weight", checks.number("weight", self.weight))


def refused(noise: Noise, on: Population | Projection) -> str | None:
    """Why noise cannot be on a population or projection, None if it can."""
    if isinstance(on, Population):
        return _refused_by_population(noise, on)
    if not isinstance(noise, SynapseNoise):
        return "it acts on a population, not on a projection"
    target = on.target.population
    on_weights = isinstance(noise, WeightMismatch | WeightQuantisation | StuckSynapses)
    if isinstance(on.rule, TableRows) and not on_weights:
        return "a row of a look-up table is read, not sent: noise on it can be that of its values alone"
    if on_weights and not getattr(target.model, "weights_are_numbers", True):
        return f"weights onto {target.name!r} say which pins of a {type(target.model).__name__} they reach"
    return None


def _refused_by_population(noise: Noise, population: Population) -> str | None:
    model = population.model
    name = type(model).__name__
    if not isinstance(noise, NeuronNoise):
        return "it acts on a projection, not on a population"
    if isinstance(noise, ThresholdNoise) and getattr(model, "threshold", None) is None:
        return f"{'sources have' if population.is_source else f'the model {name} has'} no threshold that could move"
    handlers = getattr(getattr(model, "handlers", None), "functions", {})
    if isinstance(noise, ThresholdNoise) and noise.per_spike and "set_threshold" not in handlers:
        return f"the model {name} has no handler set_threshold to move its threshold with"
    if isinstance(noise, SpuriousSpikes) and "row" in handlers:
        return f"a spike of a {name} names the row that it reads; a spurious one would name none"
    return None


def _probability(noise: LostSpikes | DeadNeurons | StuckSynapses, field: str) -> None:
    noise._set(field, checks.number(field, getattr(noise, field), 0.0, 1.0))
