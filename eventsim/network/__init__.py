"""The description of a network; nothing here builds or runs it, or imports a kernel."""

from eventsim.network.distributions import (
    Distribution,
    Exponential,
    Lognormal,
    Normal,
    TruncatedNormal,
    Uniform,
    Value,
)
from eventsim.network.inputs import (
    PiecewiseRate,
    PoissonDrive,
    PoissonSpikes,
    RegularSpikes,
    Source,
    SpikeTrains,
    StepCurrent,
)
from eventsim.network.model import Model
from eventsim.network.network import Network
from eventsim.network.noise import (
    ClockTick,
    DeadNeurons,
    DelayMismatch,
    LostSpikes,
    Noise,
    SpikeJitter,
    SpuriousSpikes,
    StuckSynapses,
    ThresholdNoise,
    WeightMismatch,
    WeightQuantisation,
)
from eventsim.network.population import Population, PopulationView
from eventsim.network.projection import Projection
from eventsim.network.recorders import StateRecorder
from eventsim.network.rules import (
    AllToAll,
    Explicit,
    FixedIndegree,
    FixedOutdegree,
    FixedTotalNumber,
    FromMatrix,
    OneToOne,
    PairwiseBernoulli,
    Rule,
)

__all__ = [
    "AllToAll",
    "ClockTick",
    "DeadNeurons",
    "DelayMismatch",
    "Distribution",
    "Explicit",
    "Exponential",
    "FixedIndegree",
    "FixedOutdegree",
    "FixedTotalNumber",
    "FromMatrix",
    "Lognormal",
    "LostSpikes",
    "Model",
    "Network",
    "Noise",
    "Normal",
    "OneToOne",
    "PairwiseBernoulli",
    "PiecewiseRate",
    "PoissonDrive",
    "PoissonSpikes",
    "Population",
    "PopulationView",
    "Projection",
    "RegularSpikes",
    "Rule",
    "Source",
    "SpikeJitter",
    "SpikeTrains",
    "SpuriousSpikes",
    "StateRecorder",
    "StepCurrent",
    "StuckSynapses",
    "ThresholdNoise",
    "TruncatedNormal",
    "Uniform",
    "Value",
    "WeightMismatch",
    "WeightQuantisation",
]
