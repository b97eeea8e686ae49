"""The keys of a scenario's noise, and the descriptions that they stand for.

Keys of the ``[noise]`` table hold for every projection and population that they can act on; a table
``[noise.projections.NAME]`` or ``[noise.populations.NAME]`` changes them for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eventsim.errors import EventsimError
from eventsim.network import noise
from eventsim.scenario.problems import ScenarioError, nearest

if TYPE_CHECKING:
    from eventsim.network import Network, Population, Projection

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


_STRENGTH_OF = {
    "jitter_shape": "jitter_ms",
    "jitter_per": "jitter_ms",
    "lost_per": "lost",
    "weight_largest": "weight_bits",
    "tick_rounding": "tick_ms",
    "tick_ties": "tick_ms",
    "stuck_weight": "stuck",
    "threshold_per_spike": "threshold_std",
}
"""Keys that say how noise acts, and the key without which there is none."""


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

    seed: Annotated[int, Field(ge=0, lt=2**64)] | None = None
    """Of all draws of noise, by default the scenario's: other seeds are other trials of the same network."""
    projections: dict[str, ProjectionNoise] = {}
    populations: dict[str, PopulationNoise] = {}

    def of_projection(self, name: str = "") -> list[tuple[str, noise.Noise]]:
        """The keys that ask for noise on a projection (or on all that are not named), and what they ask for."""
        return list(_on_projection(self._merged(ProjectionNoise, self.projections.get(name))))

    def of_population(self, name: str = "") -> list[tuple[str, noise.Noise]]:
        """The keys that ask for noise on a population (or on all that are not named), and what they ask for."""
        return list(_on_population(self._merged(PopulationNoise, self.populations.get(name))))

    def own_keys(self, member: Projection | Population) -> set[str]:
        """The keys set for this projection or population and not for all."""
        tables: Mapping[str, BaseModel] = (
            self.populations if hasattr(member, "is_source") else self.projections
        )
        return tables[member.name].model_fields_set if member.name in tables else set()

    def _merged(self, kind: type[BaseModel], own: BaseModel | None) -> Mapping[str, Any]:
        """The keys of a kind: those of all, changed by those set for one."""
        common = {key: getattr(self, key) for key in kind.model_fields}
        return common | ({} if own is None else own.model_dump(exclude_unset=True))


def with_noise(network: Network, table: NoiseTable, where: str) -> Network:
    """A copy of the network with the noise of ``table``, over what its builder put there; itself without any.

    Raises ``ScenarioError`` for a name that is none, noise that cannot act on what is named, a key for all that acts on
    nothing, one that says how noise acts where there is none, and noise on thresholds of a model that has none.
    """
    if table == NoiseTable():
        return network
    _refuse_idle_keys(table, where)
    noisy = network.copy()
    if table.seed is not None:
        noisy.noise_seed = table.seed
    for kind, members, own in (
        ("projections", set(network.projections), table.projections),
        ("populations", set(network.populations), table.populations),
    ):
        for name in own.keys() - members:
            raise ScenarioError(f"{where}: noise.{kind}.{name}: no such one, {nearest(name, members, kind)}")
    wanted: list[tuple[Projection | Population, str, noise.Noise]] = [
        *(
            (each, *asked)
            for each in network.projections.values()
            for asked in table.of_projection(each.name)
        ),
        *(
            (each, *asked)
            for each in network.populations.values()
            for asked in table.of_population(each.name)
        ),
    ]
    acting: set[str] = set()
    refusals = {key: "there are no projections" for key, each in table.of_projection() if each.acts}
    refusals |= {key: "there are no populations" for key, each in table.of_population() if each.acts}
    for member, key, each in wanted:
        why = _put(noisy, member, each)
        if why is None:
            acting.add(key)
        elif key in table.own_keys(member) or _must_act(each, member):
            raise ScenarioError(f"{where}: noise.{key}: {why}")
        else:
            refusals[key] = why
    for key in refusals.keys() - acting:
        raise ScenarioError(f"{where}: noise.{key}: acts on nothing here; {refusals[key]}")
    return noisy


def _refuse_idle_keys(table: NoiseTable, where: str) -> None:
    """Raise ``ScenarioError`` for a key that says how noise acts, without the key that asks for it."""
    own: dict[str, BaseModel] = {f".projections.{name}": each for name, each in table.projections.items()}
    own |= {f".populations.{name}": each for name, each in table.populations.items()}
    for key, strength in _STRENGTH_OF.items():
        common = getattr(table, strength) is not None
        asking = {name for name, each in own.items() if common or getattr(each, strength, None) is not None}
        saying = {name for name, each in own.items() if key in each.model_fields_set}
        idle = sorted(saying - asking) + [""] * (key in table.model_fields_set and not (common or asking))
        if idle:
            raise ScenarioError(f"{where}: noise{idle[0]}.{key}: does nothing without {strength}")


def _must_act(each: noise.Noise, member: Projection | Population) -> bool:
    """Whether a key for all must not pass a population over: a neuron has a threshold, if not one that can move."""
    return isinstance(each, noise.ThresholdNoise) and not getattr(member, "is_source", False)


def _put(network: Network, member: Projection | Population, each: noise.Noise) -> str | None:
    """Put noise on a projection or population; why that cannot be, if so."""
    try:
        network.set_noise(member, each)
    except EventsimError as error:
        return str(error)
    return None


def described(network: Network) -> dict[str, list[str]]:
    """What noise acts where, in words, by the name of the projection or population."""
    members: list[Population | Projection] = [*network.populations.values(), *network.projections.values()]
    return {
        each.name: [repr(noise) for noise in network.noise_on(each).values()]
        for each in members
        if network.noise_on(each)
    }


def _on_projection(keys: Mapping[str, Any]) -> Iterator[tuple[str, noise.Noise]]:
    if keys["weight_mismatch"] is not None:
        yield "weight_mismatch", noise.WeightMismatch(keys["weight_mismatch"])
    if keys["weight_bits"] is not None:
        yield "weight_bits", noise.WeightQuantisation(keys["weight_bits"], keys["weight_largest"])
    if keys["stuck"] is not None:
        yield "stuck", noise.StuckSynapses(keys["stuck"], keys["stuck_weight"])
    std, drift = keys["delay_mismatch"], keys["delay_drift_per_s"]
    if std is not None or drift is not None:
        key = "delay_drift_per_s" if std is None else "delay_mismatch"
        yield key, noise.DelayMismatch(std or 0.0, drift or 0.0)
    if keys["lost"] is not None:
        yield "lost", noise.LostSpikes(keys["lost"], keys["lost_per"])
    if keys["jitter_ms"] is not None:
        yield "jitter_ms", noise.SpikeJitter(keys["jitter_ms"], keys["jitter_shape"], keys["jitter_per"])
    if keys["tick_ms"] is not None:
        yield "tick_ms", noise.ClockTick(keys["tick_ms"], keys["tick_rounding"], keys["tick_ties"])


def _on_population(keys: Mapping[str, Any]) -> Iterator[tuple[str, noise.Noise]]:
    if keys["dead"] is not None:
        yield "dead", noise.DeadNeurons(keys["dead"])
    if keys["threshold_std"] is not None:
        yield "threshold_std", noise.ThresholdNoise(keys["threshold_std"], keys["threshold_per_spike"])
    if keys["spurious_hz"] is not None:
        yield "spurious_hz", noise.SpuriousSpikes(keys["spurious_hz"])
