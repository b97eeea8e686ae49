"""Packets, hops and link loads: meshes worked out by hand, and what must hold for any network and mapping."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.hardware.costing import cost
from eventsim.hardware.counts import Counts, count, place
from eventsim.hardware.mesh import hilbert_order, mesh_of
from eventsim.hardware.quantities import PER_CORE
from tests.hardware.conftest import chip, explicit_run


def _links(counts: Counts, loads: np.ndarray) -> dict[str, int]:
    mesh = counts.placed.mesh
    return {mesh.link_name(int(k)): int(loads[k]) for k in np.flatnonzero(loads)}


def test_unicast_and_tree_by_hand() -> None:
    """Tiles 0 1 2 / 3 4 5.  Neuron 0 on tile 0 reaches tiles 2, 4 and 5 and itself, and fires 10 times.

    Along the row first: 0-1-2; 0-1-4; 0-1-2-5.  Seven hops by unicast; the tree has 0-1, 1-2, 1-4, 2-5: four.
    """
    run = explicit_run(4, [(0, 1), (0, 1), (0, 2), (0, 3), (0, 0)], [10, 0, 0, 0])
    counts = cost(run, chip(), {"cells": {"neurons": [0, 2, 4, 5]}}).counts
    assert counts.totals["packets"] == 40
    assert counts.hops_unicast == 70
    assert counts.hops_multicast == 40
    east_01, east_12, south_1, south_2 = "(0, 0) east", "(1, 0) east", "(1, 0) south", "(2, 0) south"
    assert _links(counts, counts.unicast) == {east_01: 30, east_12: 20, south_1: 10, south_2: 10}
    assert _links(counts, counts.multicast) == {east_01: 10, east_12: 10, south_1: 10, south_2: 10}
    assert counts.per_core["synaptic_events"].tolist() == [10, 0, 20, 0, 10, 10]
    assert counts.per_core["deliveries"].tolist() == [10, 0, 10, 0, 10, 10]


def test_west_and_north_by_hand() -> None:
    """From tile 5 (right below) to tile 0 (left above): west, west, north; two cores of a tile are two packets."""
    run = explicit_run(3, [(0, 1), (0, 2)], [3, 0, 0])
    counts = cost(run, chip(cores=2), {"cells": {"neurons": [10, 0, 1]}}).counts
    assert counts.totals["packets"] == 6
    west = {"(2, 1) west": 6, "(1, 1) west": 6, "(0, 1) north": 6}
    assert _links(counts, counts.unicast) == west
    assert _links(counts, counts.multicast) == dict.fromkeys(west, 3)


def test_multicast_sends_one_packet_a_spike() -> None:
    run = explicit_run(4, [(0, 1), (0, 2), (0, 3), (1, 0)], [10, 2, 5, 0])
    mesh = {"columns": 3, "rows": 2, "cores_per_tile": 1, "routing": "multicast"}
    counts = cost(run, chip(mesh=mesh), {"cells": {"neurons": [0, 1, 2, 3]}}).counts
    assert counts.totals["packets"] == 12  # neuron 2 reaches nobody
    assert counts.totals["deliveries"] == 32
    assert counts.totals["hops_east_west"] + counts.totals["hops_north_south"] == counts.hops_multicast


@pytest.mark.parametrize(("columns", "rows"), [(4, 4), (8, 4), (4, 8), (8, 8)])
def test_a_hilbert_curve_goes_from_neighbour_to_neighbour(columns: int, rows: int) -> None:
    mesh = mesh_of(chip(columns, rows))
    tiles = mesh.tile_of_core[hilbert_order(mesh)]
    assert sorted(tiles.tolist()) == list(range(columns * rows))
    assert (mesh.distance(tiles[1:], tiles[:-1]) == 1).all()


@st.composite
def _mapped_runs(draw: st.DrawFn):
    n = draw(st.integers(1, 8))
    neuron = st.integers(0, n - 1)
    synapses = draw(st.lists(st.tuples(neuron, neuron), min_size=1, max_size=30))
    spikes = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    multicast = draw(st.booleans())
    mesh = dict(zip(("columns", "rows", "cores_per_tile"), shape, strict=True))
    routed = mesh | {"routing": "multicast" if multicast else "unicast"}
    made = chip(
        mesh=routed,
        memory={
            "word_bits": 32,
            "synapse_bits": draw(st.integers(1, 40)),
            "row_header_bits": draw(st.integers(0, 20)),
            "row_alignment": draw(st.sampled_from(["bit", "word"])),
            "banks": draw(st.integers(1, 3)),
        },
    )
    cores = st.integers(0, shape[0] * shape[1] * shape[2] - 1)
    mappings = [np.array(draw(st.lists(cores, min_size=n, max_size=n)), np.int64) for _ in range(2)]
    return explicit_run(n, synapses, spikes), made, mappings, synapses


def _naive(synapses: list[tuple[int, int]], spikes: np.ndarray, core_of: np.ndarray, counts: Counts) -> None:
    """Spike by spike, packet by packet, link by link, in plain Python."""
    mesh = counts.placed.mesh
    events, unicast, tree, packets = {}, {}, {}, 0
    for source, sent in enumerate(spikes.tolist()):
        targets = [target for s, target in synapses if s == source]
        for target in targets:
            core = int(core_of[target])
            events[core] = events.get(core, 0) + sent
        seen = set()
        for core in {int(core_of[target]) for target in targets}:
            packets += sent
            here, there = int(mesh.tile_of_core[core_of[source]]), int(mesh.tile_of_core[core])
            path = [divmod(here, mesh.columns)[::-1]]
            goal = divmod(there, mesh.columns)[::-1]
            while path[-1] != goal:
                x, y = path[-1]
                step = (x + np.sign(goal[0] - x), y) if x != goal[0] else (x, y + np.sign(goal[1] - y))
                path.append((int(step[0]), int(step[1])))
            for link in itertools.pairwise(path):
                unicast[link] = unicast.get(link, 0) + sent
                if link not in seen:
                    seen.add(link)
                    tree[link] = tree.get(link, 0) + sent
    assert events.get(0, 0) == counts.per_core["synaptic_events"][0]
    assert sorted(n for n in events.values() if n) == sorted(
        n for n in counts.per_core["synaptic_events"].tolist() if n
    )
    for found, expected in ((counts.unicast, unicast), (counts.multicast, tree)):
        assert sorted(found[found > 0].tolist()) == sorted(n for n in expected.values() if n)
    assert counts.totals["deliveries"] == packets


@given(_mapped_runs())
@settings(max_examples=60, deadline=None)
def test_conservation(drawn) -> None:
    """Sums of links are hops; tiles add up to the totals; any mapping gives the same events; a slow count agrees."""
    run, made, mappings, synapses = drawn
    found = []
    for core_of in mappings:
        counts = count(run, place(run, made, core_of))
        _naive(synapses, run.spike_counts, core_of, counts)
        totals = counts.totals
        assert counts.hops_unicast == counts.unicast.sum() >= counts.hops_multicast == counts.multicast.sum()
        assert totals["hops_east_west"] + totals["hops_north_south"] == counts.links.sum()
        for name in PER_CORE:
            assert counts.per_tile(name).sum() == counts.per_core[name].sum() == totals[name]
        assert totals["sram_read_bits"] == 32 * totals["sram_read_words"]
        found.append(counts)
    a, b = (each.totals for each in found)
    assert a["synaptic_events"] == b["synaptic_events"]
    assert a["spikes"] == b["spikes"]
