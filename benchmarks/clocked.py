"""The microcircuit on a grid of time, with the very synapses that are simulated exactly: run by `benchmarks.published`.

As simulators on a grid do: delays are rounded to steps, each step goes through every neuron, thresholds are looked at
when it ends, and what fired leaves then, on average half a step late; so the half step that is part of the network's
delays is taken from them.  The argument is a JSON object; prints a line of JSON.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.stats import poisson

from eventsim.build.synapses import SynapseTable, build_synapses
from eventsim.network import Network
from networks.microcircuit import POPULATIONS, V_INIT_MV, V_INIT_SPREAD_MV, build

MOST_ARRIVALS = 64  # of a drive at a neuron in a step


class Rows(NamedTuple):
    """A projection's synapses by source: targets numbered through all populations, delays in steps."""

    start: NDArray[np.int64]
    targets: NDArray[np.uint32]
    weights: NDArray[np.float32]
    steps: NDArray[np.uint16]


class Step(NamedTuple):
    """What a step does to V and to the current, whose two time constants agree (S. Rotter and M. Diesmann, 1999)."""

    v_stays: float
    current_stays: float
    v_of_current: float  # mV / pA
    v_of_rest: float  # mV, what rest and constant current give back
    threshold: float
    reset: float
    refractory: int  # steps
    drive_weight: float  # pA


class Part(NamedTuple):
    """A population."""

    first: int  # its first neuron's number through all populations
    size: int
    step: Step
    chances: NDArray[np.float64]  # that a neuron gets no more than 0, 1, ... arrivals of its drive in a step
    outgoing: list[Rows]


def main() -> None:
    """Simulate the network that the argument describes, and print the rates of its populations."""
    task = json.loads(sys.argv[1])
    step_ms = task["resolution_ms"]
    network = build(seed=task["seed"], scale=task["scale"], reference_step_ms=step_ms).network
    rates = simulate(network, step_ms, task["transient_ms"], task["timed_ms"])
    print(json.dumps({"rates_hz": rates}))


def simulate(network: Network, step_ms: float, transient_ms: float, timed_ms: float) -> dict[str, float]:
    """Mean rate (Hz) of each population after the transient; the network's `reference_step_ms` is the step."""
    parts = _parts(network, step_ms)
    neurons = sum(part.size for part in parts)
    slots = 1 + max(int(rows.steps.max()) for part in parts for rows in part.outgoing)
    random = np.random.default_rng(network.seed)
    v, current = random.normal(V_INIT_MV, V_INIT_SPREAD_MV, neurons), np.zeros(neurons)
    waits, coming = np.zeros(neurons, np.int64), np.zeros((slots, neurons), np.float32)
    counts = np.zeros(len(parts))
    for number in range(round((transient_ms + timed_ms) / step_ms)):
        slot = number % slots
        for p, part in enumerate(parts):
            of = slice(part.first, part.first + part.size)
            fired = _advance(v[of], current[of], waits[of], coming[slot, of], part.step, part.chances, random)
            if fired.size:
                counts[p] += fired.size if number * step_ms >= transient_ms else 0
                for rows in part.outgoing:
                    _deliver(fired, *rows, coming, slot)
    rates = [1e3 * float(count) / (part.size * timed_ms) for part, count in zip(parts, counts, strict=True)]
    return dict(zip(POPULATIONS, rates, strict=True))


def _parts(network: Network, step_ms: float) -> list[Part]:
    drives: dict[str, Any] = {drive.target.population.name: drive for drive in network.drives}
    sizes = [network.populations[name].size for name in POPULATIONS]
    first = dict(zip(POPULATIONS, np.cumsum([0, *sizes[:-1]]), strict=True))
    parts = {}
    for name, size in zip(POPULATIONS, sizes, strict=True):
        step = _step(network.populations[name].model, drives[name].weight, step_ms)
        arrivals = poisson(1e-3 * drives[name].rate_hz * step_ms)
        parts[name] = Part(int(first[name]), size, step, arrivals.cdf(np.arange(MOST_ARRIVALS)), [])
    for projection in network.projections.values():
        rows = _rows(build_synapses(network, projection), first[projection.target.population.name], step_ms)
        parts[projection.source.population.name].outgoing.append(rows)
    return list(parts.values())


def _rows(table: SynapseTable, first: int, step_ms: float) -> Rows:
    """A delay takes a step at least."""
    return Rows(
        table.row_start.astype(np.int64),
        table.targets + np.uint32(first),
        table.weights.astype(np.float32, copy=False),
        np.maximum(1, np.rint(table.delays / step_ms - 0.5)).astype(np.uint16),
    )


def _step(model: Any, drive_weight: float, step_ms: float) -> Step:
    v_stays, current_stays = math.exp(-step_ms / model.tau_m), math.exp(-step_ms / model.tau_syn_ex)
    return Step(
        v_stays,
        current_stays,
        (v_stays - current_stays) / (model.c_m * (1.0 / model.tau_syn_ex - 1.0 / model.tau_m)),
        (1.0 - v_stays) * (model.e_l + model.tau_m / model.c_m * model.i_e),
        model.v_th,
        model.v_reset,
        round(model.t_ref / step_ms),
        drive_weight,
    )


@njit
def _advance(v: Any, current: Any, waits: Any, coming: Any, step: Step, chances: Any, random: Any) -> Any:
    """Take all neurons to the end of the step and return those that fire there; `coming` is used up."""
    fired = []
    for i in range(v.size):
        if waits[i]:
            waits[i] -= 1
        else:
            v[i] = step.v_stays * v[i] + step.v_of_current * current[i] + step.v_of_rest
        drawn, arrivals = random.random(), 0
        while drawn > chances[arrivals]:
            arrivals += 1
        current[i] = step.current_stays * current[i] + coming[i] + step.drive_weight * arrivals
        coming[i] = 0.0
        if v[i] >= step.threshold:
            v[i], waits[i] = step.reset, step.refractory
            fired.append(i)
    return np.array(fired, np.int64)


@njit
def _deliver(fired: Any, start: Any, targets: Any, weights: Any, steps: Any, coming: Any, slot: int) -> None:
    """Write down what the spikes add, in the step of the ring `coming` in which it arrives."""
    for source in fired:
        for k in range(start[source], start[source + 1]):
            coming[(slot + steps[k]) % coming.shape[0], targets[k]] += weights[k]


if __name__ == "__main__":
    main()
