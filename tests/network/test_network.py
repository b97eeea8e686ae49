"""The description: what it holds, that it cannot be changed from outside, and every mistake named at once."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse
from cells import Cell
from conftest import make_everything

from eventsim.errors import InputError
from eventsim.models.izhikevich import Izhikevich
from eventsim.network import (
    AllToAll,
    Explicit,
    Exponential,
    FixedIndegree,
    FixedOutdegree,
    FixedTotalNumber,
    FromMatrix,
    Lognormal,
    Network,
    Normal,
    OneToOne,
    PairwiseBernoulli,
    PiecewiseRate,
    PoissonSpikes,
    RegularSpikes,
    SpikeTrains,
    TruncatedNormal,
    Uniform,
)


def test_description_imports_no_kernel() -> None:
    program = "import sys, eventsim.network; assert not {'numba', 'scipy', 'h5py'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_ids_names_and_defaults(everything: Network) -> None:
    assert [(p.name, p.first, p.size) for p in everything.populations.values()] == [
        ("exc", 0, 20),
        ("inh é", 20, 10),
        ("trains", 30, 3),
        ("regular", 33, 2),
        ("noise", 35, 20),
    ]
    names = ["exc->inh é", "exc->inh é 2", "exc->exc", "trains->inh é", "feed"]
    assert list(everything.projections)[:5] == names
    assert everything.projections["feed"].weight == 1.0 and everything.projections["feed"].delay == 1.0
    recorded = [name for name in everything.populations if everything.is_recorded(name)]
    assert recorded == ["exc", "trains"]
    assert [type(each).__name__ for each in everything.inputs] == [
        "PoissonDrive",
        "StepCurrent",
        "PoissonDrive",
    ]
    assert [drive.number for drive in everything.drives] == [0, 1]


def test_equality_notices_every_difference(everything: Network) -> None:
    assert everything == make_everything()
    assert everything != make_everything(seed=1)
    for change in (
        lambda n: n.population("more", 1, Cell()),
        lambda n: n.drive("exc", 1.0, 1.0),
        lambda n: n.record_spikes("noise"),
        lambda n: n.record_state("exc", "v", [1.0]),
        lambda n: n.connect("exc", "exc", AllToAll()),
    ):
        other = make_everything()
        change(other)
        assert everything != other
    assert Cell(tau_ms=np.ones(3)) == Cell(tau_ms=[1.0, 1.0, 1.0]) != Cell(tau_ms=np.ones(4))
    assert Cell(tau_ms=np.ones(3)) != Cell(tau_ms=1.0)
    assert hash(Cell(tau_ms=np.ones(3))) == hash(Cell(tau_ms=np.ones(3)))


def test_the_table_names_everything(everything: Network) -> None:
    text = repr(everything)
    for word in (
        "seed=18446744073709551615",
        "30 neurons, 25 sources",
        "inh é",
        "feed",
        "FixedIndegree(k=3)",
    ):
        assert word in text
    assert "exc[20 of 20]" in text and "drive of exc" in text and "v of exc" in text
    assert str(Network()) == "Network(seed=0): 0 neurons, 0 sources, 0 projections"


def test_arrays_are_copied_and_read_only() -> None:
    network = Network()
    taus, weights, times = np.ones(3), np.ones(9), np.array([1.0, 2.0])
    matrix = scipy.sparse.csr_array(np.eye(3))
    a = network.population("a", 3, Cell(tau_ms=taus))
    p = network.connect(a, a, AllToAll(), weights)
    q = network.connect(a, a, FromMatrix(matrix))
    s = network.source("s", SpikeTrains([times]))
    for array in (taus, weights, times, matrix.data):
        array[:] = 7
    inside = (
        a.model.tau_ms,
        p.weight,
        s.model.times,
        s.model.ids,
        q.rule.matrix.data,
        a[[1, 2]].indices,
        a[:].indices,
    )
    for array in inside:
        assert not (array == 7).any()
        with pytest.raises(ValueError, match="read-only"):
            array[:1] = 0
    with pytest.raises(TypeError):
        network.populations["b"] = a
    with pytest.raises(AttributeError):
        p.weight = 2.0


def test_views() -> None:
    a = Network().population("a", 10, Cell())
    assert a[2:8][1:3].indices.tolist() == [3, 4]
    assert a[[5, 1]].indices.tolist() == [5, 1]
    assert a[5:][[2, 0]].indices.tolist() == [7, 5]
    assert a[np.arange(10) % 4 == 1].indices.tolist() == [1, 5, 9]
    assert a[-1].indices.tolist() == [9] and a[::-3].indices.tolist() == [9, 6, 3, 0]
    assert a[:].is_whole and not a[1:].is_whole and not a[::-1].is_whole
    assert a[1:3] == a[[1, 2]] != a[[2, 1]]


def test_regular_by_rate_or_interval() -> None:
    assert RegularSpikes(rate_hz=10) == RegularSpikes(100.0) != RegularSpikes(100.0, start_ms=1.0)


def test_spike_trains_in_both_forms_are_the_same() -> None:
    trains = SpikeTrains([[1.0, 3.0], [1.0, 2.0]])
    assert trains == SpikeTrains([1.0, 1.0, 2.0, 3.0], [1, 0, 1, 0])
    assert trains.times.tolist() == [1.0, 1.0, 2.0, 3.0] and trains.ids.tolist() == [0, 1, 1, 0]
    assert SpikeTrains([0.5, 1.0]).own_size == 1
    assert SpikeTrains([[], []]).own_size == 2
    assert SpikeTrains(np.zeros((3, 0))).own_size == 3
    assert SpikeTrains([0.5], [0], size=4).own_size == 4


NAN, INF = float("nan"), float("inf")
VALUE_MISTAKES = {
    "p = 1.5": lambda: PairwiseBernoulli(1.5),
    "p = -0.1": lambda: PairwiseBernoulli(-0.1),
    "p = nan": lambda: PairwiseBernoulli(NAN),
    "p = 'x'": lambda: PairwiseBernoulli("x"),
    "k = -1": lambda: FixedIndegree(-1),
    "k = 2.5": lambda: FixedOutdegree(2.5),
    "k = True": lambda: FixedOutdegree(True),
    "n = -1": lambda: FixedTotalNumber(-1),
    "autapses = 1": lambda: AllToAll(autapses=1),
    "targets = 1": lambda: Explicit([0, 1], [0]),
    "sources[1] = -1": lambda: Explicit([0, -1], [0, 0]),
    "sources = array([0.5])": lambda: Explicit([0.5], [0]),
    "sources[2] = 1: the same pair": lambda: Explicit([1, 0, 1], [2, 2, 2], multapses=False),
    "matrix.data[1] = nan": lambda: FromMatrix(scipy.sparse.coo_array([[1.0, NAN]])),
    "matrix = 3": lambda: FromMatrix(3),
    "high = 0.0: must be at least 1": lambda: Uniform(1.0, 0.0),
    "std = -1": lambda: Normal(0.0, -1),
    "std = 0: must be greater": lambda: TruncatedNormal(0.0, 0, 0.0),
    "low = 50.0: more than 35": lambda: TruncatedNormal(0.0, 1.0, 50.0),
    "high = -50.0: more than 35": lambda: TruncatedNormal(0.0, 1.0, -INF, -50.0),
    "sigma = inf": lambda: Lognormal(0.0, INF),
    "scale = 0": lambda: Exponential(0),
    "mean = None": lambda: Normal(None, 1.0),
    "times[1][2] = 0.5: times must be in non-decreasing order": lambda: SpikeTrains([[], [0.0, 1.0, 0.5]]),
    "times[0][0] = -1.0: must be at least 0": lambda: SpikeTrains([[-1.0]]),
    "times[1] = 1.0: times must": lambda: SpikeTrains([2.0, 1.0], [0, 0]),
    "times[0] = inf: must be finite": lambda: SpikeTrains([INF], [0]),
    "ids[1] = 5: ids go from 0 to 2": lambda: SpikeTrains([1.0, 2.0], [0, 5], 3),
    "ids = (1,)": lambda: SpikeTrains([1.0, 2.0], [0]),
    "either interval_ms or rate_hz": lambda: RegularSpikes(),
    "interval_ms = 1.0: give either": lambda: RegularSpikes(1.0, 2.0),
    "interval_ms[1] = 0.0: must be at least 1e-08": lambda: RegularSpikes([1.0, 0.0]),
    "start_ms = 3: as many": lambda: RegularSpikes([1.0, 2.0], start_ms=[0.0, 1.0, 2.0]),
    "rate_hz[0] = -1.0": lambda: PoissonSpikes([-1.0]),
    "stop_ms = 1.0: must be at least 2": lambda: PoissonSpikes(1.0, 2.0, 1.0),
    "times_ms[1] = 0.0": lambda: PiecewiseRate([0.0, 0.0], [1.0, 2.0]),
    "rates_hz = 1: as many": lambda: PiecewiseRate([0.0, 1.0], [1.0]),
    "rates_hz[0] = -1.0": lambda: PiecewiseRate([0.0], [-1.0]),
    "seed = -1": lambda: Network(-1),
    "seed = 1.5": lambda: Network(1.5),
    "tau_ms = nan": lambda: Cell(tau_ms=NAN),
    "tau_ms[1] = nan": lambda: Cell(tau_ms=[1.0, NAN]),
    "tau_ms = -1.0: must": lambda: Cell(tau_ms=-1.0),
    "tau_ms = 'long': a number": lambda: Cell(tau_ms="long"),
    "tau_ms = ['long']: an array of numbers": lambda: Cell(tau_ms=["long"]),
    "times[0] = ['soon']: an array of numbers": lambda: SpikeTrains([["soon"]]),
    "test = 'never'": lambda: Cell(test="never"),
    "test = array([1., 2.]): one of instant, arrival": lambda: Cell(test=np.array([1.0, 2.0])),
    "...: must be finite": lambda: Cell(tau_ms=10**400),
    "tau_ms = True: a number": lambda: Cell(tau_ms=np.bool_(True)),
    "u_init = '1': a number": lambda: Izhikevich(u_init="1"),
    "rate_hz = 1000000": lambda: PoissonSpikes(10**400),
    "times = array(1.)": lambda: SpikeTrains(np.array(1.0)),
    "times[0] = [True]: an array of numbers": lambda: SpikeTrains([[True]]),
    "ids = [[1], [1, 2]]: no array": lambda: SpikeTrains([1.0, 2.0], [[1], [1, 2]]),
}


@pytest.mark.parametrize("message", VALUE_MISTAKES)
def test_mistakes_in_values(message: str) -> None:
    with pytest.raises(InputError) as caught:
        VALUE_MISTAKES[message]()
    assert message in str(caught.value)


def small() -> Network:
    network = Network()
    network.population("a", 4, Cell())
    network.population("b", 3, Cell())
    network.source("s", PoissonSpikes(1.0), size=2)
    network.connect("a", "b", AllToAll(), name="taken")
    return network


NETWORK_MISTAKES = {
    "population = 'x': no such population; there are 'a', 'b', 's'": lambda n: n.connect(
        "x", "a", AllToAll()
    ),
    "source = 'a': this population is not of this network": lambda n: n.connect(
        small()["a"], "a", AllToAll()
    ),
    "source = 3": lambda n: n.connect(3, "a", AllToAll()),
    "name = 'a': the name is taken": lambda n: n.population("a", 1, Cell()),
    "name = 's': the name is taken": lambda n: n.population("s", 1, Cell()),
    "name = 'taken': the name": lambda n: n.connect("a", "b", AllToAll(), name="taken"),
    "name = 'x/y'": lambda n: n.population("x/y", 1, Cell()),
    "name = ''": lambda n: n.population("", 1, Cell()),
    "size of 'c' = 0: must be at least 1": lambda n: n.population("c", 0, Cell()),
    "size of 'c' = 2.0": lambda n: n.population("c", 2.0, Cell()),
    "size of 'c' = 3: the description is of 1": lambda n: n.source("c", SpikeTrains([1.0]), size=3),
    "tau_ms of 'c' = (3,): the array needs the shape (4,)": lambda n: n.population(
        "c", 4, Cell(tau_ms=[1.0, 2.0, 3.0])
    ),
    "model = ": lambda n: n.population("c", 4, PoissonSpikes(1.0)),
    "spikes = ": lambda n: n.source("c", Cell()),
    "rule = 'all'": lambda n: n.connect("a", "b", "all"),
    "delay of 'a->b' = -1.0: must be at least 0": lambda n: n.connect("a", "b", AllToAll(), delay=-1.0),
    "delay of 'a->b' = nan": lambda n: n.connect("a", "b", AllToAll(), delay=NAN),
    "delay of 'a->b' = inf": lambda n: n.connect("a", "b", AllToAll(), delay=INF),
    "delay of 'q'[5] = -2.0": lambda n: n.connect(
        "a", "b", AllToAll(), delay=[1.0] * 5 + [-2.0] * 7, name="q"
    ),
    "delay of 'a->b' = Uniform(low=-1.0, high=2.0): would": lambda n: n.connect(
        "a", "b", AllToAll(), delay=Uniform(-1.0, 2.0)
    ),
    "weight of 'a->b' = nan": lambda n: n.connect("a", "b", AllToAll(), weight=NAN),
    "weight of 'a->b'[1] = nan": lambda n: n.connect("a", "b", Explicit([0, 1], [0, 1]), weight=[1.0, NAN]),
    "weight of 'a->b' = (3,): the array needs the shape (12,)": lambda n: n.connect(
        "a", "b", AllToAll(), [1.0, 2.0, 3.0]
    ),
    "weight of 'a->b' = 'big'": lambda n: n.connect("a", "b", AllToAll(), "big"),
    "PairwiseBernoulli has no fixed number": lambda n: n.connect("a", "b", PairwiseBernoulli(0.5), [1.0]),
    "weight of 'a->b' = 1.0: ": lambda n: n.connect("a", "b", FromMatrix(np.ones((4, 3))), 1.0),
    "matrix.shape of 'a->b' = (3, 4): must be (4, 3)": lambda n: n.connect(
        "a", "b", FromMatrix(np.ones((3, 4)))
    ),
    "matrix element of 'a->a' = (1, 1): an autapse": lambda n: n.connect(
        "a", "a", FromMatrix(np.diag([0, 1, 0, 0]), autapses=False)
    ),
    "target of 'a->b' = 3: OneToOne needs equal sizes": lambda n: n.connect("a", "b", OneToOne()),
    "sources of 'a->b'[1] = 4: no such member": lambda n: n.connect("a", "b", Explicit([0, 4], [0, 0])),
    "targets of 'a->b'[0] = 3: no such member": lambda n: n.connect("a", "b", Explicit([0], [3])),
    "sources of 'a->a'[1] = 0: an autapse": lambda n: n.connect(
        n["a"][[2, 3]], n["a"][1:3], Explicit([1, 0], [1, 1], autapses=False)
    ),
    "k of 'a->b' = 5: only 4 sources": lambda n: n.connect("a", "b", FixedIndegree(5, multapses=False)),
    "k of 'a->a' = 4: only 3 sources": lambda n: n.connect("a", "a", FixedIndegree(4, False, False)),
    "k of 'a->b' = 4: only 3 targets": lambda n: n.connect("a", "b", FixedOutdegree(4, multapses=False)),
    "k of 'a->a' = 1: only 0 sources": lambda n: n.connect(
        n["a"][0], n["a"][0], FixedIndegree(1, autapses=False)
    ),
    "n of 'a->b' = 13: only 12 pairs": lambda n: n.connect("a", "b", FixedTotalNumber(13, multapses=False)),
    "n of 'a->a' = 1: only 0 pairs": lambda n: n.connect(
        n["a"][0], n["a"][0], FixedTotalNumber(1, autapses=False)
    ),
    "target of 'a->s' = 's': spike sources receive nothing": lambda n: n.connect("a", "s", AllToAll()),
    "target = 's': spike sources have no state": lambda n: n.drive("s", 1.0, 1.0),
    "receptor of 'a->b' = -1": lambda n: n.connect("a", "b", AllToAll(), receptor=-1),
    "rate_hz of 'drive of a' = -1": lambda n: n.drive("a", -1, 1.0),
    "weight of 'drive of a' = nan": lambda n: n.drive("a", 1.0, NAN),
    "values of 'current of a' = (3,): the shape must be (2,) or (2, 4)": lambda n: n.current(
        "a", [0.0, 1.0], [1.0, 2.0, 3.0]
    ),
    "values of 'current of a'[1] = nan": lambda n: n.current("a", [0.0, 1.0], [1.0, NAN]),
    "times_ms of 'current of a'[1] = 0.0": lambda n: n.current("a", [1.0, 0.0], [1.0, 2.0]),
    "variable = 'w': the model has the state variables t, v": lambda n: n.record_state("a", "w", [0.0]),
    "times_ms of 'v of a'[0] = -1.0": lambda n: n.record_state("a", "v", [-1.0]),
    "whole populations": lambda n: n.record_spikes(n["a"][:2]),
    "members of 'a'[1] = 4: no such member": lambda n: n["a"][[0, 4]],
    "members of 'a'[2] = 1: the same member twice": lambda n: n["a"][[1, 0, 1]],
    "variable = array([1.])": lambda n: n.record_state("a", np.ones(1), [0.0]),
    "population = ['a']: no such population": lambda n: n[["a"]],
    "members of 'a' = True: whole numbers": lambda n: n["a"][True],
    "members of 'a' = 3: the mask": lambda n: n["a"][[True, False, True]],
}


@pytest.mark.parametrize("message", NETWORK_MISTAKES)
def test_mistakes_in_networks_leave_them_as_they_were(message: str) -> None:
    network = small()
    with pytest.raises(InputError) as caught:
        NETWORK_MISTAKES[message](network)
    assert message in str(caught.value)
    assert network == small()


def test_a_model_without_current_takes_none() -> None:
    class Still(Cell):
        takes_current = False

    network = Network()
    network.population("a", 1, Still())
    with pytest.raises(InputError, match="takes no current"):
        network.current("a", [0.0], [1.0])
