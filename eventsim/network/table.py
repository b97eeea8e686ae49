"""A network as a table for people to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from eventsim.network.description import Description, is_sparse
from eventsim.network.population import PopulationView

if TYPE_CHECKING:
    from eventsim.network.network import Network


def table(network: Network) -> str:
    """The populations, projections, inputs and recorders, a line each, in aligned columns."""
    populations = network.populations.values()
    lines = [
        f"Network(seed={network.seed}): {sum(p.size for p in populations if not p.is_source)} neurons, "
        f"{sum(p.size for p in populations if p.is_source)} sources, {len(network.projections)} projections"
    ]
    lines += _section(
        "population",
        ("size", "ids", "model", "spikes"),
        [
            (
                p.name,
                str(p.size),
                f"{p.first}..{p.first + p.size - 1}",
                short(p.model),
                "recorded" if network.is_recorded(p) else "not recorded",
            )
            for p in populations
        ],
    )
    lines += _section(
        "projection",
        ("source", "target", "rule", "weight", "delay_ms", "receptor"),
        [
            (p.name, *map(short, (p.source, p.target, p.rule, p.weight, p.delay, p.receptor)))
            for p in network.projections.values()
        ],
    )
    lines += _section(
        "noise",
        ("what",),
        [
            (name, " ".join(short(each) for each in network.noise_on(member).values()))
            for members in (network.populations, network.projections)
            for name, member in members.items()
            if network.noise_on(member)
        ],
    )
    lines += _section(
        "drive",
        ("target", "rate_hz", "weight", "receptor"),
        [(d.name, *map(short, (d.target, d.rate_hz, d.weight, d.receptor))) for d in network.drives],
    )
    lines += _section(
        "current",
        ("target", "times_ms", "values"),
        [(c.name, *map(short, (c.target, c.times_ms, c.values))) for c in network.currents],
    )
    lines += _section(
        "state recorder",
        ("target", "variable", "times_ms"),
        [(r.name, *map(short, (r.target, r.variable, r.times_ms))) for r in network.recorders],
    )
    return "\n".join(lines)


def _section(kind: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A heading and its rows, nothing if there are none."""
    if not rows:
        return []
    cells = [(kind, *columns), *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [""] + [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def short(value: object) -> str:
    """A value in a few words: long arrays by their shape and range, descriptions by what is not at its
    default."""
    if isinstance(value, np.ndarray):
        if value.size <= 4:
            return str(value.tolist())
        return f"array{value.shape} {value.min():g}..{value.max():g}"
    if is_sparse(value):
        return f"sparse{value.shape} with {value.nnz} stored"  # type: ignore[attr-defined]
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, Description) and not isinstance(value, PopulationView):
        shown = (
            f"{f.name}={short(getattr(value, f.name))}"
            for f in fields(value)
            if not _is_default(getattr(value, f.name), f.default)
        )
        return f"{type(value).__name__}({', '.join(shown)})"
    return repr(value) if isinstance(value, PopulationView) else str(value)


def _is_default(value: object, default: object) -> bool:
    return type(value) is type(default) and not isinstance(value, np.ndarray) and value == default
