"""A run priced on a chip: mapping, capacities, counts, time and energy in one call."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from eventsim.errors import InputError
from eventsim.hardware import mapping
from eventsim.hardware.bound import Bound, bound
from eventsim.hardware.capacity import check, overflows, squarest
from eventsim.hardware.chip import Chip, Kind, load_chip
from eventsim.hardware.counts import Counts, Placed, count, place
from eventsim.hardware.energy import Bill, chip_bill
from eventsim.hardware.mapping import Spread
from eventsim.hardware.mesh import mesh_of
from eventsim.hardware.reach import Ints
from eventsim.hardware.run import Run
from eventsim.network import checks

Objective = Literal["hops", "load"]
METHODS = ("contiguous", "hilbert", "hypergraph")


@dataclass(frozen=True)
class Cost:
    """What a run would cost: its counts, the bill, and the bound of its time (None where spikes were not recorded)."""

    run: Run
    mapping: str
    counts: Counts
    bill: Bill
    bound: Bound | None

    @property
    def placed(self) -> Placed:
        return self.counts.placed

    @property
    def chip(self) -> Chip:
        return self.counts.placed.chip

    def repriced(self, chip: Chip, kind: Kind | None = None) -> Cost:
        """The same counts at the prices of another file of the same chip (mesh, core, memory and clock alike)."""
        for part in ("mesh", "core", "memory", "timing", "chips"):
            if getattr(chip, part) != getattr(self.chip, part):
                raise InputError(
                    f"chip.{part}", chip.name, "differs, and so would the counts: price the run again"
                )
        counts = replace(self.counts, placed=replace(self.placed, chip=chip))
        return replace(self, counts=counts, bill=_bill(counts, kind))


def cost(
    run: Run,
    chip: Chip | str | Path = "loihi",
    method: str | Table[str, Any] = "contiguous",
    *,
    spread: Spread = "fill",
    objective: Objective = "hops",
    prices: Kind | None = None,
    chips: tuple[int, int] | Literal["auto"] | None = None,
    seed: int = 0,
    check_capacity: bool = True,
) -> Cost:
    """Price a run on a chip.

    chip: a `Chip`, the name of one that comes with the library, or a TOML file.
    method: ``"contiguous"``, ``"hilbert"``, ``"hypergraph"`` (the extra ``mapping``), a TOML file of a mapping by hand,
        or such a mapping (see `mapping.by_hand`).
    spread: of the first two, see `mapping.in_order`.  objective: of the third, ``"hops"`` or ``"load"``.
    prices: ``"incremental"`` or ``"all-in"``; by default what the chip has.
    chips: (columns, rows) of chips side by side, or ``"auto"`` for as many as hold the network.

    Raises CapacityError where the network does not fit, InputError for what is wrong in a file or an argument,
    MissingDataError where a package or the wiring is missing.
    """
    checks.instance("run", run, Run)
    chip = chip if isinstance(chip, Chip) else load_chip(chip)
    if chips == "auto":
        chip = chip.side_by_side(*squarest(chips_needed(run, chip) or 1))
    elif chips is not None:
        chip = chip.side_by_side(*chips)
    core_of, name = core_of_each(run, chip, method, spread, objective, seed)
    placed = place(run, chip, core_of)
    if check_capacity and overflows(chip, placed.mesh, placed.usage):
        check(chip, placed.mesh, placed.usage, chips_needed(run, chip))
    counts = count(run, placed)
    timed = None if run.results is None or run.not_recorded() else bound(run, counts)
    return Cost(run, name, counts, _bill(counts, prices), timed)


def _bill(counts: Counts, kind: Kind | None) -> Bill:
    placed = counts.placed
    return chip_bill(placed.chip, counts.totals, counts.seconds, kind, placed.in_use)


def core_of_each(
    run: Run, chip: Chip, method: str | Table[str, Any], spread: Spread, objective: Objective, seed: int
) -> tuple[Ints, str]:
    """The core of each neuron by a method, and what the report calls it."""
    network = run.network
    if not isinstance(method, str):
        return mapping.by_hand(network, chip, method), "by hand"
    if method == "contiguous":
        return mapping.contiguous(network, chip, spread), f"contiguous, {spread}"
    if method == "hilbert":
        return mapping.hilbert(network, chip, spread), f"Hilbert curve, {spread}"
    if method == "hypergraph":
        from eventsim.hardware.partition import hypergraph

        return hypergraph(run, chip, objective, seed), f"hypergraph, for {objective}"
    if method.endswith(".toml"):
        return mapping.by_hand(network, chip, mapping.read_mapping(Path(method))), f"by hand, {method}"
    raise InputError("mapping", method, f"one of {', '.join(METHODS)} or a TOML file is needed")


def chips_needed(run: Run, chip: Chip) -> int | None:
    """Chips that hold the network if their cores are filled one after the other; None if none do."""
    one = chip.side_by_side(1, 1)
    cores = mapping.filled(run.network, one)
    needed = -(-(int(cores.max(initial=0)) + 1) // one.cores_per_chip)
    wide = one.side_by_side(*squarest(needed))
    placed = place(run, wide, cores)
    return None if overflows(wide, mesh_of(wide), placed.usage) else needed
