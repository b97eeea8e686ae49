"""What noise does in simulations, against its distribution and closed forms.

Seeds are fixed; each statistical test fails by chance with a probability below 1e-4 for another seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import eventsim as es
from eventsim import measures
from eventsim.build.groups import build_groups
from eventsim.build.synapses import SynapseTable, build_synapses
from eventsim.errors import InputError
from eventsim.models.izhikevich import Izhikevich
from eventsim.models.lif import LIF
from eventsim.models.lut import LUTTables
from eventsim.network import (
    AllToAll,
    Explicit,
    FixedIndegree,
    Network,
    PoissonSpikes,
    Projection,
    SpikeTrains,
    Uniform,
)
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
from eventsim.network.rules import TableRows
from tests.noise.networks import recurrent, relayed

N = 2000
EVERY_S = np.arange(N) * 1000.0
DELAY = 50.0


def close(found: float, p: float, n: int) -> bool:
    return abs(found - n * p) <= 4.0 * math.sqrt(n * p * (1.0 - p)) + 1e-9


@pytest.mark.parametrize(
    ("shape", "law"),
    [
        ("normal", stats.norm(0, 3.0)),
        ("uniform", stats.uniform(-3, 6.0)),
        ("exponential", stats.expon(0, 3.0)),
    ],
)
def test_arrivals_are_moved_as_said_and_swap_as_often_as_they_should(shape: Any, law: Any) -> None:
    gap = 2.0
    first, second = relayed([EVERY_S, EVERY_S + gap], SpikeJitter(3.0, shape))
    moved, other = first - EVERY_S - DELAY, second - EVERY_S - gap - DELAY
    for values in (moved, other):
        assert stats.kstest(values, law.cdf).pvalue > 1e-4
    assert abs(np.corrcoef(moved, other)[0, 1]) < 4.0 / math.sqrt(N)
    assert close((second < first).sum(), measures.swap_probability(gap, 3.0, shape), N)
    near = np.abs(second - first) <= 1.5
    assert close(near.sum(), measures.coincidence_probability(gap, 1.5, 3.0, shape), N)


def test_one_draw_a_spike_or_one_an_arrival() -> None:
    """Arrivals at three targets, one of them reached twice, from one source."""
    moved = {}
    for per in ("spike", "synapse"):
        network = Network(1)
        source = network.source("source", SpikeTrains([EVERY_S[:300]]))
        ends = network.population("ends", 3, LIF(v_th=0.5))
        pairs = Explicit(np.zeros(4, np.uint32), np.array([0, 1, 2, 2]))
        network.set_noise(network.connect(source, ends, pairs, delay=DELAY), SpikeJitter(3.0, "uniform", per))
        raster = es.simulate(network, EVERY_S[300], "queue").spikes("ends")
        moved[per] = [raster.of(i) for i in range(3)]
    together, apart = moved["spike"], moved["synapse"]
    assert np.array_equal(together[0], together[1])
    assert len(together[2]) == 300  # both reach it at one instant, and fire it once
    assert len(apart[2]) == 600
    moved_by = np.array([apart[0], apart[1], apart[2][::2], apart[2][1::2]]) - EVERY_S[:300] - DELAY
    for earlier, later in zip(moved_by[2], moved_by[3], strict=True):
        assert earlier < later  # two draws, in order
    assert abs(np.corrcoef(moved_by[:2])[0, 1]) < 4.0 / math.sqrt(300)


def test_one_kind_leaves_the_draws_of_another() -> None:
    """Lost spikes take arrivals away and move none; so does jitter of another projection or another drive's seed."""
    trains = [EVERY_S[:500], EVERY_S[:500] + 300.0]
    jittered = relayed(trains, SpikeJitter(3.0))
    both = relayed(trains, LostSpikes(0.3), SpikeJitter(3.0))
    for all_of, left in zip(jittered, both, strict=True):
        assert np.isin(left, all_of).all()
        assert close(len(left), 0.7, 500)
    longer = relayed(trains, SpikeJitter(6.0))
    assert np.allclose(longer[0] - trains[0] - DELAY, 2.0 * (jittered[0] - trains[0] - DELAY), atol=1e-9)
    assert not np.isin(relayed(trains, SpikeJitter(3.0), name="another")[0], jittered[0]).any()


def test_another_seed_of_noise_is_another_trial_of_the_same_network() -> None:
    network = recurrent(1.5, SpikeJitter(0.05), WeightMismatch(0.1))
    trials = []
    for seed in (None, 1, 2, 1):
        trial = network.copy()
        if seed is not None:
            trial.noise_seed = seed
        trials.append(es.simulate(trial, 40.0).spikes("cells").times)
    assert np.array_equal(trials[1], trials[3])
    assert not np.array_equal(trials[0], trials[1])
    assert not np.array_equal(trials[1], trials[2])


def test_an_arrival_never_comes_before_its_cause() -> None:
    """Without a delay half of the arrivals would."""
    train = EVERY_S[:400]
    (arrived,) = relayed([train], SpikeJitter(3.0), delay=0.0)
    assert (arrived >= train[: len(arrived)]).all()
    assert close((arrived == train[: len(arrived)]).sum(), 0.5, 400)


def test_clock_and_drift_by_hand() -> None:
    train = np.array([0.0, 1000.0, 2000.06])
    assert relayed([train], ClockTick(0.25), delay=1.1)[0].tolist() == [1.0, 1001.0, 2001.25]
    assert relayed([train], DelayMismatch(0.0, 0.5), delay=1.0)[0] == pytest.approx(
        [1.0, 1001.5, 2000.06 + 2.00003]
    )
    assert relayed([train], DelayMismatch(0.0, -0.5), delay=1.0)[0] == pytest.approx([1.0, 1000.5, 2000.06])


# --- synapses


def table(*noise: Noise, bounds: Any = None, **values: Any) -> tuple[SynapseTable, Projection]:
    network = Network(4)
    cells = network.population("cells", 200, LIF())
    synapses = {"weight": 0.5, "delay": 2.0} | values
    projection = network.connect(cells, cells, FixedIndegree(50), **synapses)
    network.set_noise(projection, *noise)
    return build_synapses(network, projection, bounds), projection


def test_mismatch_has_its_distribution() -> None:
    weights = table(WeightMismatch(0.2))[0].weights
    assert stats.kstest(weights / 0.5, stats.norm(1.0, 0.2).cdf).pvalue > 1e-4
    delays = table(DelayMismatch(0.2))[0].delays
    sigma = math.sqrt(math.log1p(0.04))
    law = stats.lognorm(sigma, scale=math.exp(-0.5 * sigma**2))
    assert stats.kstest(delays / 2.0, law.cdf).pvalue > 1e-4


def test_stuck_and_quantised_weights() -> None:
    stuck = table(WeightMismatch(0.2), StuckSynapses(0.1, -1.0))[0].weights
    assert close((stuck == -1.0).sum(), 0.1, stuck.size)
    free = stuck != -1.0
    assert np.array_equal(stuck[free], table(WeightMismatch(0.2))[0].weights[free])
    levels = table(WeightMismatch(0.2), WeightQuantisation(4, 0.7))[0].weights
    assert np.allclose(levels * 10, np.round(levels * 10), atol=1e-6)
    assert np.abs(levels).max() <= 0.7000001
    common = table(WeightQuantisation(3, 1.0))[0]
    assert common.weights.tolist() == [1.0 / 3.0 * 2.0]  # still one for all, as float64


def test_draws_of_synapses_do_not_depend_on_tiles_or_order() -> None:
    noise = WeightMismatch(0.2), DelayMismatch(0.3), SpikeJitter(0.1)
    bounds = np.array([0, 70, 200])
    whole, cut = table(*noise)[0], table(*noise, bounds=bounds)[0]
    rows = np.repeat(np.arange(200), np.diff(whole.row_start))
    cut_rows = np.repeat(np.arange(200), np.diff(cut.row_start.astype(int)).reshape(200, 2).sum(axis=1))
    cut_targets = cut.targets + np.repeat(np.tile(bounds[:-1], 200), np.diff(cut.row_start.astype(int)))
    for one, other in ((whole.weights, cut.weights), (whole.delays, cut.delays)):
        ends = (one, whole.targets, rows), (other, cut_targets, cut_rows)
        kept = [np.lexsort(columns) for columns in ends]
        assert np.array_equal(one[kept[0]], other[kept[1]])


def test_the_values_of_rows_stay_on_the_lattice() -> None:
    network = Network(1)
    tables = network.population("tables", 2, LUTTables(2))
    outputs = network.population("outputs", 3, LIF())
    rows = network.connect(tables, outputs, TableRows(np.arange(24.0).reshape(2, 4, 3)), delay=0.0)
    network.set_noise(rows, WeightMismatch(0.1))
    weights = build_synapses(network, rows).weights
    assert not np.array_equal(weights, np.arange(24.0))
    assert np.array_equal(weights * 2.0**24, np.round(weights * 2.0**24))


# --- neurons


def test_dead_neurons_are_as_many_as_said_and_nothing_comes_from_them() -> None:
    def spikes(*noise: Noise) -> NDArray[np.int64]:
        network = Network(2)
        sources = network.source("sources", PoissonSpikes(200.0), 400)
        network.population("idle", 1, LIF())  # whose kernel is compiled for other tests
        network.set_noise(sources, *noise)
        network.record_spikes(sources)
        simulation = es.Simulation(network, "queue")
        simulation.run(100.0)
        return simulation.spike_counts[:400]

    alive, some = spikes(), spikes(DeadNeurons(0.3))
    dead = some == 0
    assert close(dead.sum(), 0.3, 400)
    assert np.array_equal(alive[~dead], some[~dead])


def test_spurious_spikes_are_poisson_and_misread_as_often_as_they_should() -> None:
    """Word2Spike's symbols: 100 Hz for +1, 50 Hz for -1, counted in 200 ms, told apart at 72 Hz."""
    network = Network(3)
    for name, rate_hz in (("plus", 100.0), ("minus", 50.0)):
        network.set_noise(network.population(name, N, LIF()), SpuriousSpikes(rate_hz))
    simulation = es.Simulation(network, "queue")
    simulation.run(200.0)
    plus, minus = simulation.spike_counts.reshape(2, N)
    for counts, mean in ((plus, 20.0), (minus, 10.0)):
        assert abs(counts.mean() - mean) < 4.0 * math.sqrt(mean / N)
        assert abs(counts.var() / mean - 1.0) < 4.0 * math.sqrt(2.0 / N)
    errors = (
        measures.rate_misread_probability(100.0, 200.0, 72.0),
        measures.rate_misread_probability(50.0, 200.0, 1e-9, 72.0),
    )
    assert errors == (pytest.approx(0.1049, abs=5e-5), pytest.approx(0.0835, abs=5e-5))
    assert close((plus < 0.2 * 72.0).sum(), errors[0], N)
    assert close(((minus == 0) | (minus >= 0.2 * 72.0)).sum(), errors[1], N)
    relative = (plus / 0.2 / 100.0).std()
    assert relative == pytest.approx(measures.rate_decoding_error(100.0, 200.0), rel=4.0 / math.sqrt(2.0 * N))


def test_chance_coincidences_of_spurious_spikes() -> None:
    network = Network(8)
    network.set_noise(network.population("cells", 2, LIF()), SpuriousSpikes(50.0))
    raster = es.simulate(network, 400_000.0, "queue").spikes("cells")
    a, b = raster.of(0), raster.of(1)
    pairs = int((np.searchsorted(b, a + 0.5, side="right") - np.searchsorted(b, a - 0.5)).sum())
    expected = measures.chance_coincidence_rate_hz(50.0, 50.0, 0.5) * 400.0
    assert abs(pairs - expected) < 4.0 * math.sqrt(expected * 1.1)


def test_thresholds_have_their_distribution() -> None:
    """V rises by 1 mV/ms from 0, but for 1e-5 of it: a spike comes when its threshold, in ms, has passed."""
    network = Network(6)
    cells = network.population("cells", 50, LIF(tau_m=1e6, c_m=1.0, v_th=10.0, i_e=1.0))
    network.set_noise(cells, ThresholdNoise(0.5))
    raster = es.simulate(network, 400.0, "queue").spikes("cells")
    thresholds = np.concatenate([np.diff(raster.of(i), prepend=0.0) for i in range(50)])
    assert stats.kstest(thresholds, stats.norm(10.0, 0.5).cdf).pvalue > 1e-4
    network.set_noise(cells, ThresholdNoise(0.5, per_spike=False))
    raster = es.simulate(network, 100.0, "queue").spikes("cells")
    for i in range(50):
        assert np.ptp(np.diff(raster.of(i))) < 1e-6
    assert stats.kstest([raster.of(i)[0] for i in range(50)], stats.norm(10.0, 0.5).cdf).pvalue > 1e-4


# --- what cannot be


@pytest.mark.parametrize(
    ("on", "noise", "said"),
    [
        ("cells", ThresholdNoise(0.1), "the model Izhikevich has no threshold that could move"),
        ("sources", ThresholdNoise(0.1), "sources have no threshold that could move"),
        ("tables", SpuriousSpikes(1.0), "names the row that it reads; a spurious one would name none"),
        ("pins", WeightMismatch(0.1), "weights onto 'tables' say which pins of a LUTTables they reach"),
        ("rows", SpikeJitter(0.1), "a row of a look-up table is read, not sent"),
        ("none", SpikeJitter(0.1), "projection = 'none': no such projection"),
        ("pins", DeadNeurons(0.1), "population = 'pins': no such population"),
        ("cells", 3.0, "a noise such as SpikeJitter(0.5) is needed"),
    ],
)
def test_mistakes_name_what_cannot_be(on: str, noise: Any, said: str) -> None:
    network = Network(1)
    sources = network.source("sources", PoissonSpikes(1.0), 2)
    cells = network.population("cells", 2, Izhikevich())
    tables = network.population("tables", 2, LUTTables(2))
    network.connect(sources, tables, AllToAll(), weight=1.0, name="pins")
    network.connect(tables, cells, TableRows(np.zeros((2, 4, 2))), name="rows")
    with pytest.raises(InputError) as caught:
        network.set_noise(on, noise)
    assert said in str(caught.value)


def test_a_threshold_that_no_handler_moves_can_differ_but_not_move() -> None:
    @dataclass(frozen=True)
    class Own(Izhikevich):
        threshold: ClassVar[str | None] = "v_th"

    network = Network(1)
    cells = network.population("cells", 3, Own())
    network.set_noise(cells, ThresholdNoise(1.0, per_spike=False))
    assert np.unique(build_groups(network).kept[0]["params"]["v_th"]).size == 3
    with pytest.raises(InputError, match="the model Own has no handler set_threshold"):
        network.set_noise(cells, ThresholdNoise(1.0))


def test_noise_is_part_of_the_description(tmp_path: Any) -> None:
    network = recurrent(Uniform(1.0, 2.0), SpikeJitter(0.1), on_cells=(DeadNeurons(0.1),))
    network.noise_seed = 9
    network.save(tmp_path / "noisy")
    loaded = Network.load(tmp_path / "noisy")
    assert loaded == network == network.copy()
    assert "DeadNeurons(probability=0.1)" in repr(loaded)
    other = network.copy()
    other.set_noise("sources->cells", SpikeJitter(0.0))
    assert other != network
    assert SpikeJitter not in other.noise_on(other.projections["sources->cells"])
