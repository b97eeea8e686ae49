"""Look-up-table layers on a chip, against the layers' own formula."""

from pathlib import Path

import numpy as np
import pytest

from eventsim.hardware.costing import cost
from eventsim.hardware.run import Run, read_run
from eventsim.lut.layer import LUTLayer
from eventsim.lut.network import LUTNetwork
from eventsim.lut.population import LatencyRange, add_stack, add_volleys, intervals_for, latency_ranges
from eventsim.network import Network
from eventsim.recording import simulate
from tests.hardware.conftest import chip

VOLLEYS, N_IN, N_OUT, N_TABLES, N_COMPARISONS = 7, 12, 5, 6, 3


@pytest.fixture(scope="module")
def layer() -> LUTLayer:
    made = LUTLayer.random(N_IN, N_OUT, N_TABLES, N_COMPARISONS, seed=4)
    made.tables[...] = np.random.default_rng(1).uniform(-1.0, 1.0, made.tables.shape)
    return made.snapped()


@pytest.fixture(scope="module")
def latencies() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 6, (VOLLEYS, N_IN)) / 2.0  # with ties


@pytest.fixture(scope="module")
def run(layer: LUTLayer, latencies: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Run:
    stack, inputs = LUTNetwork([layer]), LatencyRange(0.0, 3.0)
    intervals = intervals_for(latency_ranges(stack, inputs))
    network = Network(seed=3)
    source = add_volleys(network, "inputs", latencies, intervals)
    network.record_spikes(source)
    add_stack(network, source, stack, intervals, ["out"], inputs)
    path: Path = tmp_path_factory.mktemp("lut") / "raster.h5"
    simulate(network, intervals.duration_ms(VOLLEYS), path=path)
    return read_run(path)


def test_counts_of_a_layer(run: Run, layer: LUTLayer) -> None:
    """Everything from its sizes: tables on cores 0 and 1, outputs on core 2."""
    memory = {"word_bits": 32, "synapse_bits": 8, "value_bits": 9}
    mesh = {"columns": 3, "rows": 1, "cores_per_tile": 1, "flit_bits": 16}
    where = {"inputs": 0, "out tables": [0, 1], "out": 2}
    counts = cost(run, chip(mesh=mesh, memory=memory), where).counts
    found = counts.layers[0]
    reads = VOLLEYS * N_TABLES
    assert found.row_reads == reads
    assert found.comparisons == reads * N_COMPARISONS == found.index_bits
    assert found.anchor_fetches == 2 * reads * N_COMPARISONS
    assert found.adds == reads * N_OUT
    words = -(-N_OUT * 9 // 32)
    assert found.read_words == reads * words
    assert found.footprint_bits == N_TABLES * 2**N_COMPARISONS * words * 32
    flits = -(-N_OUT * 9 // 16)
    assert found.flits == VOLLEYS * 2 * flits
    assert found.flit_hops == VOLLEYS * flits * (2 + 1)
    assert counts.flits.sum() == found.flit_hops
    assert counts.per_core["lut_adds"].tolist() == [reads * N_OUT // 2, reads * N_OUT // 2, 0]
    assert counts.totals["synaptic_events"] == run.results.counts["synaptic_events"]  # type: ignore[union-attr]


def test_rows_hit_are_those_of_the_formula(run: Run, layer: LUTLayer, latencies: np.ndarray) -> None:
    hits = cost(run, chip(1, 1)).counts.layers[0].hits
    expected = np.zeros((N_TABLES, 2**N_COMPARISONS), np.int64)
    for rows in layer.indices(latencies):
        expected[np.arange(N_TABLES), rows] += 1
    assert hits is not None
    np.testing.assert_array_equal(hits, expected)


def test_rows_read_in_one_bank_after_the_other(run: Run) -> None:
    """With one bank every read after the first of an instant meets the bank of the one before."""
    counts = cost(run, chip(1, 1)).counts
    times, ids = run.spikes
    population = run.network.populations["out tables"]
    tables = (ids >= population.first) & (ids < population.first + population.size)
    reads = times[tables]
    rows = np.diff(counts.placed.reach.row_start)[ids]
    everything = np.concatenate([np.repeat(times, rows), reads])
    _, together = np.unique(everything, return_counts=True)
    assert counts.bank_conflicts is not None
    assert counts.bank_conflicts.sum() == (together - 1).sum()


def test_any_mapping_gives_the_engine_count(run: Run) -> None:
    for method in ("contiguous", "hilbert"):
        counts = cost(run, chip(2, 2), method, spread="even").counts
        assert counts.totals["synaptic_events"] == run.results.counts["synaptic_events"]  # type: ignore[union-attr]
