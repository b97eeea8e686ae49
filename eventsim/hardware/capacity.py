"""What a mapped network takes of each core, and the error where that is too much."""

from __future__ import annotations

from dataclasses import dataclass

from eventsim.errors import EventsimError
from eventsim.hardware.chip import Chip
from eventsim.hardware.mesh import Mesh
from eventsim.hardware.reach import Ints

RESOURCES = {
    "neurons": "neurons",
    "axons_in": "axons in",
    "axons_out": "axons out",
    "synapse_bits": "bits of synapse memory",
}


class CapacityError(EventsimError):
    """A network that a chip does not hold: which tile, which resource, by how much, how many chips would hold it."""


@dataclass(frozen=True)
class Usage:
    """(n_cores,) each: neurons, axons in and out, bits of memory for synapses and tables."""

    neurons: Ints
    axons_in: Ints
    axons_out: Ints
    synapse_bits: Ints


def limits_of(chip: Chip) -> dict[str, int | None]:
    """The capacity of a core by the names of `Usage`; None: no limit."""
    kb = chip.core.synapse_kb
    return {
        "neurons": chip.core.neurons,
        "axons_in": chip.core.axons_in,
        "axons_out": chip.core.axons_out,
        "synapse_bits": None if kb is None else round(kb * 8192),
    }


def fullest(chip: Chip, usage: Usage) -> dict[str, float]:
    """The largest share of a core's capacity that is taken, by resource with a limit."""
    return {
        name: float(getattr(usage, name).max(initial=0) / limit)
        for name, limit in limits_of(chip).items()
        if limit
    }


def overflows(chip: Chip, mesh: Mesh, usage: Usage) -> list[str]:
    """A sentence for the fullest core of each resource that is exceeded, the worst first."""
    found = []
    for name, limit in limits_of(chip).items():
        used: Ints = getattr(usage, name)
        if limit is None or used.max(initial=0) <= limit:
            continue
        core, too_full = int(used.argmax()), int((used > limit).sum())
        excess = int(used[core]) - limit
        cores = f"{too_full} cores are" if too_full > 1 else "1 core is"
        text = (
            f"{mesh.core_name(core)} needs {int(used[core]):,} {RESOURCES[name]} and has {limit:,}, "
            f"{excess:,} too few ({cores} over)"
        )
        found.append((excess / limit, text))
    return [text for _, text in sorted(found, reverse=True)]


def check(chip: Chip, mesh: Mesh, usage: Usage, chips_needed: int | None) -> None:
    """Raise CapacityError if a core holds more than it can.

    chips_needed: chips that would hold the network, filled one core after the other; None if no number does.
    """
    wrong = overflows(chip, mesh, usage)
    if not wrong:
        return
    if chips_needed is None:
        remedy = "no number of chips holds it: a neuron alone needs more than a core has"
    elif chips_needed <= chip.n_chips:
        remedy = f"filled core by core (contiguous, spread = fill) {_chips(chips_needed)} would hold it"
    else:
        remedy = f"{_chips(chips_needed)} would hold it"
    raise CapacityError(f"{chip.name}: {'; '.join(wrong)}; {remedy}")


def _chips(n: int) -> str:
    return f"{n:,} chip{'s' if n > 1 else ''}"


def squarest(n: int) -> tuple[int, int]:
    """Columns and rows of a rectangle that holds n chips, with few to spare and near a square."""
    shapes = [(columns, -(-n // columns)) for columns in range(1, n + 1)]
    fewest = [(c * r + 0.5 * abs(c - r), c * r, -c, (c, r)) for c, r in shapes]
    return min(fewest)[-1]
