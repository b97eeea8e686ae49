"""The keys of a scenario's noise, and the descriptions that they stand for.

Keys of the ``[noise]`` table hold for all projections and populations; a table ``[noise.projections.NAME]`` or
``[noise.populations.NAME]`` changes them for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eventsim.network import noise

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ProjectionNoise(_Table):
    """Noise on the spikes and synapses of a projection; see `eventsim.network.noise`.  What is absent is not there."""

    jitter_ms: NotNegative | None = None
    jitter_shape: noise.Shape = "normal"
    jitter_per: noise.Per = "spike"
    lost: Probability | None = None
    lost_per: noise.Per = "spike"
    delay_mismatch: NotNegative | None = None
    delay_drift_per_s: Finite | None = None
    weight_mismatch: NotNegative | None = None
    weight_bits: Annotated[int, Field(ge=2, le=52)] | None = None
    weight_largest: Positive = 1.0
    """Where ``weight_bits`` rounds to: the largest weight that can be had."""
    tick_ms: Positive | None = None
    tick_rounding: Literal["floor", "nearest"] = "nearest"
    tick_ties: Literal["even", "up"] = "even"
    stuck: Probability | None = None
    stuck_weight: Finite = 0.0


class PopulationNoise(_Table):
    """Noise on the neurons of a population."""

    spurious_hz: NotNegative | None = None
    threshold_std: NotNegative | None = None
    threshold_per_spike: bool = True
    dead: Probability | None = None


class NoiseTable(ProjectionNoise, PopulationNoise):
    """The ``[noise]`` table."""

    projections: dict[str, ProjectionNoise] = {}
    populations: dict[str, PopulationNoise] = {}

    def of_projection(self, name: str) -> tuple[noise.Noise, ...]:
        """The noise on a projection, in the order in which it acts."""
        return tuple(_on_projection(self._merged(ProjectionNoise, self.projections.get(name))))

    def of_population(self, name: str) -> tuple[noise.Noise, ...]:
        """The noise on a population."""
        return tuple(_on_population(self._merged(PopulationNoise, self.populations.get(name))))

    def _merged(self, kind: type[BaseModel], own: BaseModel | None) -> Mapping[str, Any]:
        """The keys of a kind: those of all, changed by those set for one."""
        common = {key: getattr(self, key) for key in kind.model_fields}
        return common | ({} if own is None else own.model_dump(exclude_unset=True))


def _on_projection(keys: Mapping[str, Any]) -> Iterator[noise.Noise]:
    if keys["weight_mismatch"] is not None:
        yield noise.WeightMismatch(keys["weight_mismatch"])
    if keys["weight_bits"] is not None:
        yield noise.WeightQuantisation(keys["weight_bits"], keys["weight_largest"])
    if keys["stuck"] is not None:
        yield noise.StuckSynapses(keys["stuck"], keys["stuck_weight"])
    if keys["delay_mismatch"] is not None or keys["delay_drift_per_s"] is not None:
        yield noise.DelayMismatch(keys["delay_mismatch"] or 0.0, keys["delay_drift_per_s"] or 0.0)
    if keys["lost"] is not None:
        yield noise.LostSpikes(keys["lost"], keys["lost_per"])
    if keys["jitter_ms"] is not None:
        yield noise.SpikeJitter(keys["jitter_ms"], keys["jitter_shape"], keys["jitter_per"])
    if keys["tick_ms"] is not None:
        yield noise.ClockTick(keys["tick_ms"], keys["tick_rounding"], keys["tick_ties"])


def _on_population(keys: Mapping[str, Any]) -> Iterator[noise.Noise]:
    if keys["dead"] is not None:
        yield noise.DeadNeurons(keys["dead"])
    if keys["threshold_std"] is not None:
        yield noise.ThresholdNoise(keys["threshold_std"], keys["threshold_per_spike"])
    if keys["spurious_hz"] is not None:
        yield noise.SpuriousSpikes(keys["spurious_hz"])
