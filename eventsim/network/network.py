"""The network: populations, projections, inputs and recorders, as a description that is built and run
elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from eventsim.errors import InputError, naming
from eventsim.network import checks
from eventsim.network.description import FloatArray
from eventsim.network.distributions import Value
from eventsim.network.inputs import PiecewiseRate, PoissonDrive, Source, StepCurrent
from eventsim.network.model import Model
from eventsim.network.noise import NeuronNoise, Noise, refused
from eventsim.network.population import Population, PopulationView, whole_or_view
from eventsim.network.projection import Projection
from eventsim.network.recorders import StateRecorder
from eventsim.network.rules import Rule

Members = Population | PopulationView | str


class Network:
    """A network of spiking neurons, described.

    Populations and sources are numbered globally in the order of their creation; all randomness comes from
    `seed` (0 <= seed < 2**64) through streams named after what they serve, so that an addition never changes
    the rest.

        network = Network(seed=1)
        exc = network.population("exc", 800, LIF(tau_m=20.0))
        noise = network.source("noise", PoissonSpikes(rate_hz=10.0), size=100)
        network.connect(noise, exc, FixedIndegree(10), weight=0.5, delay=Uniform(1.0, 20.0))

    Whatever cannot be used raises `InputError` at once.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = _seed("seed", seed)
        self._populations: dict[str, Population] = {}
        self._projections: dict[str, Projection] = {}
        self._inputs: dict[str, PoissonDrive | StepCurrent] = {}
        self._recorders: dict[str, StateRecorder] = {}
        self._record: dict[str, bool] = {}
        self._noise: dict[str, dict[str, dict[type[Noise], Noise]]] = {"population": {}, "projection": {}}
        self._noise_seed: int | None = None

    @property
    def seed(self) -> int:
        """The seed of every random stream."""
        return self._seed

    @property
    def noise_seed(self) -> int:
        """The seed of all noise: the network's own unless another was set, which gives other trials of one network."""
        return self._seed if self._noise_seed is None else self._noise_seed

    @noise_seed.setter
    def noise_seed(self, seed: int) -> None:
        self._noise_seed = _seed("noise_seed", seed)

    @property
    def populations(self) -> Mapping[str, Population]:
        """Populations of neurons and of sources by name, in order of creation."""
        return MappingProxyType(self._populations)

    @property
    def projections(self) -> Mapping[str, Projection]:
        """Projections by name, in order of creation (which is their `number`)."""
        return MappingProxyType(self._projections)

    @property
    def drives(self) -> tuple[PoissonDrive, ...]:
        """Poisson drives, in order of creation (which is their `number`)."""
        return tuple(each for each in self._inputs.values() if isinstance(each, PoissonDrive))

    @property
    def currents(self) -> tuple[StepCurrent, ...]:
        """Current steps, in order of creation (which is their `number`)."""
        return tuple(each for each in self._inputs.values() if isinstance(each, StepCurrent))

    @property
    def inputs(self) -> tuple[PoissonDrive | StepCurrent, ...]:
        """Drives and currents, in order of creation; sources are among the populations."""
        return tuple(self._inputs.values())

    @property
    def recorders(self) -> tuple[StateRecorder, ...]:
        """State recorders, in order of creation (which is their `number`)."""
        return tuple(self._recorders.values())

    @property
    def size(self) -> int:
        """The number of neurons and sources together: global ids are 0..size-1."""
        return sum(population.size for population in self._populations.values())

    def __getitem__(self, name: str) -> Population:
        """The population of this name."""
        if not isinstance(name, str) or name not in self._populations:
            known = ", ".join(map(repr, self._populations)) or "none"
            raise InputError("population", name, f"no such population; there are {known}")
        return self._populations[name]

    def is_recorded(self, population: Population | str) -> bool:
        """Whether the spikes of this population are recorded: by default those of neurons are, of sources
        not."""
        known = self.members("population", population).population
        return self._record.get(known.name, not known.is_source)

    def population(self, name: str, size: int, model: Model) -> Population:
        """Add `size` neurons of a model."""
        if not isinstance(model, Model):
            raise InputError("model", model, "a neuron model (a Model) is needed")
        with naming(name):
            size = checks.whole("size", size, 1)
            model.check_size(size)
        return self._add_population(name, size, model)

    def source(self, name: str, spikes: Source, size: int | None = None) -> Population:
        """Add a population of spike sources.  size: by default what the description has, or 1."""
        if not isinstance(spikes, Source):
            raise InputError("spikes", spikes, "SpikeTrains, RegularSpikes or PoissonSpikes are needed")
        own = spikes.own_size
        with naming(name):
            size = checks.whole("size", size if size is not None else 1 if own is None else own, 1)
            if own is not None and own != size:
                raise InputError("size", size, f"the description is of {own} sources")
        return self._add_population(name, size, spikes)

    def _add_population(self, name: str, size: int, model: Model | Source) -> Population:
        name = _new_name("name", name, self._populations)
        if self.size + size > 2**32:
            raise InputError("size", size, "a network has at most 2**32 neurons and sources")
        self._populations[name] = Population(name, size, self.size, model)
        return self._populations[name]

    def connect(
        self,
        source: Members,
        target: Members,
        rule: Rule,
        weight: Value | list[float] | None = None,
        delay: Value | list[float] = 1.0,
        name: str | None = None,
        receptor: int = 0,
    ) -> Projection:
        """Connect two populations or views by a rule; returns the `Projection`, whose docstring has the
        units.

        weight: 1.0 by default; a weight of each synapse's own is rounded to float32.  delay: 1.0 ms by default.
        name: by default ``source->target``, with a numeral if taken.
        """
        ends = self.members("source", source), self.members("target", target)
        if not isinstance(rule, Rule):
            raise InputError("rule", rule, "a connection rule such as AllToAll() is needed")
        names = f"{ends[0].population.name}->{ends[1].population.name}"
        name = (
            _free_name(names, self._projections)
            if name is None
            else _new_name("name", name, self._projections)
        )
        with naming(name):
            projection = Projection(
                name,
                len(self._projections),
                *ends,
                rule,
                weight,  # type: ignore[arg-type]  # lists become arrays there
                delay,  # type: ignore[arg-type]
                receptor,
            )
        self._projections[name] = projection
        return projection

    def drive(
        self,
        target: Members,
        rate_hz: float | FloatArray | PiecewiseRate,
        weight: float = 1.0,
        name: str | None = None,
        receptor: int = 0,
    ) -> PoissonDrive:
        """Give every target neuron its own Poisson arrivals of this rate and weight, without delay.

        rate_hz: common to all, or an array with one rate a target.
        """
        view = self._neurons(target)
        name = self._input_name(name, f"drive of {view.population.name}")
        with naming(name):
            drive = PoissonDrive(name, len(self.drives), view, rate_hz, weight, receptor)
        self._inputs[name] = drive
        return drive

    def current(
        self, target: Members, times_ms: FloatArray | list[float], values: Any, name: str | None = None
    ) -> StepCurrent:
        """Set the external current of the target neurons to values[k] from times_ms[k] on; values (k,) or
        (k, n)."""
        view = self._neurons(target)
        model = view.population.model
        if not getattr(model, "takes_current", False):
            raise InputError(
                "target", view.population.name, f"the model {type(model).__name__} takes no current"
            )
        name = self._input_name(name, f"current of {view.population.name}")
        with naming(name):
            current = StepCurrent(name, len(self.currents), view, _array(times_ms), _array(values))
        self._inputs[name] = current
        return current

    def set_noise(self, on: Population | Projection | str, *noises: Noise) -> None:
        """Put noise on a population or a projection (or the one of this name; what the noise is says which).

        Of each kind the last one set holds; one of strength 0 takes it away.  See `eventsim.network.noise`.
        """
        for noise in noises:
            if not isinstance(noise, Noise):
                raise InputError("noise", noise, "a noise such as SpikeJitter(0.5) is needed")
            kind = "population" if isinstance(noise, NeuronNoise) else "projection"
            member = self._noisy(on, kind)
            why = refused(noise, member) if noise.acts else None
            if why:
                raise InputError(f"noise on {member.name!r}", type(noise).__name__, why)
            there = self._noise[kind].setdefault(member.name, {})
            there.pop(type(noise), None)
            if noise.acts:
                there[type(noise)] = noise

    def noise_on(self, member: Population | Projection) -> Mapping[type[Noise], Noise]:
        """What noise acts on a population or a projection, by kind."""
        kind = "population" if isinstance(member, Population) else "projection"
        return MappingProxyType(self._noise[kind].get(member.name, {}))

    def _noisy(self, on: Population | Projection | str, kind: str) -> Population | Projection:
        """The population or projection that noise is to be on."""
        if isinstance(on, Population | Projection):
            known: Mapping[str, Any] = self._populations if isinstance(on, Population) else self._projections
            if known.get(on.name) != on:
                raise InputError("on", on.name, "it is not of this network")
            return on
        if not isinstance(on, str):
            raise InputError("on", on, "a population, a projection or the name of one is needed")
        known = self._populations if kind == "population" else self._projections
        if on not in known:
            names = ", ".join(map(repr, known)) or "none"
            raise InputError(kind, on, f"no such {kind}; there are {names}")
        member: Population | Projection = known[on]
        return member

    def copy(self) -> Network:
        """A network of the same parts, to which something can be added."""
        other = copy.copy(self)
        for name in ("_populations", "_projections", "_inputs", "_recorders", "_record"):
            setattr(other, name, dict(getattr(self, name)))
        other._noise = copy.deepcopy(self._noise)
        return other

    def record_spikes(self, *populations: Population | str, record: bool = True) -> None:
        """Record the spikes of these populations, or with record=False do not.  Without this call those of
        neurons are recorded and those of sources are not."""
        record = checks.flag("record", record)
        for each in populations:
            if isinstance(each, PopulationView):
                raise InputError("populations", each, "spikes are recorded of whole populations")
        for name in [self.members("populations", each).population.name for each in populations]:
            self._record[name] = record

    def record_state(
        self, target: Members, variable: str, times_ms: FloatArray | list[float], name: str | None = None
    ) -> StateRecorder:
        """Record a state variable of the target neurons at the given times, in ms."""
        view = self._neurons(target)
        fields = getattr(view.population.model, "state_dtype", np.dtype([])).names or ()
        if not isinstance(variable, str) or variable not in fields:
            raise InputError(
                "variable", variable, f"the model has the state variables {', '.join(fields) or 'none'}"
            )
        label = f"{variable} of {view.population.name}"
        name = (
            _free_name(label, self._recorders) if name is None else _new_name("name", name, self._recorders)
        )
        with naming(name):
            recorder = StateRecorder(name, len(self._recorders), view, variable, _array(times_ms))
        self._recorders[name] = recorder
        return recorder

    def members(self, field: str, members: Members) -> PopulationView:
        """The view that is meant by a population, a view of one or a name.

        Raises InputError, with the name of the `field`, if it is not of this network.
        """
        if isinstance(members, str):
            return whole_or_view(self[members])
        if not isinstance(members, Population | PopulationView):
            raise InputError(field, members, "a population, a view of one or a population's name is needed")
        view = whole_or_view(members)
        if self._populations.get(view.population.name) is not view.population:
            raise InputError(field, view.population.name, "this population is not of this network")
        return view

    def _neurons(self, target: Members) -> PopulationView:
        view = self.members("target", target)
        if view.population.is_source:
            raise InputError(
                "target", view.population.name, "spike sources have no state and receive nothing"
            )
        return view

    def _input_name(self, name: str | None, default: str) -> str:
        return _free_name(default, self._inputs) if name is None else _new_name("name", name, self._inputs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return self._parts() == other._parts()

    __hash__ = None  # type: ignore[assignment]  # it can still change

    def _parts(self) -> tuple[object, ...]:
        recorded = [self.is_recorded(population) for population in self._populations.values()]
        parts = self._populations, self._projections, self._inputs, self._recorders
        noise = [{name: on for name, on in each.items() if on} for each in self._noise.values()]
        return self._seed, self.noise_seed, noise, recorded, *(list(part.items()) for part in parts)

    def __repr__(self) -> str:
        from eventsim.network.table import table

        return table(self)

    def save(self, path: str | Path) -> None:
        """Write the description to one file, from which `load` makes an equal one."""
        from eventsim.network.files import save

        save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """The network that `save` wrote.

        Raises:
            FileFormatError: the file is no network description, truncated, or of a later version.
            MissingDataError: there is no such file.
        """
        from eventsim.network.files import load

        return load(Path(path))


def _seed(field: str, value: object) -> int:
    seed = checks.whole(field, value)
    if seed >= 2**64:
        raise InputError(field, value, "must be below 2**64")
    return seed


def _new_name(field: str, name: object, taken: Iterable[str]) -> str:
    """A checked name that is not yet taken."""
    result = checks.text(field, name)
    if result in taken:
        raise InputError(field, result, "the name is taken")
    return result


def _free_name(name: str, taken: Mapping[str, object]) -> str:
    """The name itself, or the name with the first free numeral from 2 on."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def _array(value: Any) -> Any:
    """A tuple or a number as the list of numbers that the descriptions take."""
    return list(value) if isinstance(value, tuple) else value
