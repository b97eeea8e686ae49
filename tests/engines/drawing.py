"""Random networks for comparing engines, drawn so that no result hangs on how a sum is rounded.

Engines that compute V by different formulas agree to rounding only.  What a threshold or the order of two events
decides must therefore be either exactly the same arithmetic in all, or far from the edge:

- *jumping* neurons (LIF and IF without a current above threshold) spike at arrivals.  Times are sums of source times
  and delays, the same sums in every engine, so such networks may be wired at will, and spike times are equal bit for
  bit.  Thresholds lie off the grid of the weights.  Times and delays on a coarse binary grid make exact ties.
- *crossing* neurons (exponential currents, currents above threshold) spike at times that engines compute with
  different rounding.  Where such a spike meets another at one instant by two ways, such as delays a + b and b + a,
  rounding would decide.  So LIF and IF that cross receive only inhibition from other neurons, jumping neurons that they
  excite pass spikes on forwards only, delays are generic or 0, no two crossing neurons are alike, and the two kinds of
  readers have refractory periods r of their own (where they share one, a spike that comes a delay d after r meets the
  end of r after d).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from eventsim.models.integrate_and_fire import IF
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from eventsim.network import (
    AllToAll,
    Explicit,
    FixedIndegree,
    FixedOutdegree,
    Network,
    PiecewiseRate,
    PoissonSpikes,
    Population,
    RegularSpikes,
    SpikeTrains,
    Uniform,
)

GRID = st.integers(0, 24).map(lambda k: k / 8)  # times, ms
DELAYS = st.just(0.0) | GRID
TESTS = st.sampled_from(["instant", "arrival"])
RESETS = st.sampled_from(["value", "subtract"])
END = 12.0


@st.composite
def jumping_networks(draw: st.DrawFn) -> Network:
    """LIF and IF at random, all times on a grid or from Poisson sources."""
    network = Network(draw(st.integers(0, 1000)))
    on_grid = draw(st.booleans())
    neurons = [_jumping_lif(draw, network), _jumping_if(draw, network, on_grid)]
    network.population("idle exp", 1, LIFExp())
    sources = _sources(draw, network, poisson=not on_grid)
    if not on_grid:
        network.drive(draw(st.sampled_from(neurons)), 300.0, draw(_weights()))
    for target, values in ((neurons[0], [-1.0, 0.0, 0.25, 0.5]), (neurons[1], [-0.25, 0.0, 0.125, 0.5])):
        if draw(st.booleans()) and (target is neurons[0] or on_grid):
            times = sorted(draw(st.sets(GRID, min_size=1, max_size=4)))
            network.current(target, times, [draw(st.sampled_from(values)) for _ in times])
    for _ in range(draw(st.integers(1, 6))):
        source, target = draw(st.sampled_from([*sources, *neurons])), draw(st.sampled_from(neurons))
        _connect(draw, network, source, target, _weights(), DELAYS)
    for source in sources:
        _connect(draw, network, source, draw(st.sampled_from(neurons)), st.sampled_from([1.5, 2.25]), DELAYS)
    return network


def _weights() -> st.SearchStrategy[float]:
    return st.integers(-8, 12).map(lambda k: k / 4)


def _refractory(draw: st.DrawFn, test: str) -> float:
    """Not 0 under the rule "arrival": in a loop that excites itself spikes would multiply without end."""
    return draw(st.sampled_from([0.0, 0.125, 0.5, 1.0][test == "arrival" :]))


def _jumping_lif(draw: st.DrawFn, network: Network) -> Population:
    """Resistance 1, currents of at most 0.5."""
    tau, test = draw(st.sampled_from([4.0, 10.0, 20.0])), draw(TESTS)
    model = LIF(
        tau_m=tau,
        c_m=tau,
        v_th=draw(st.sampled_from([0.7320508, 1.4142135])),
        v_reset=draw(st.sampled_from([0.0, -0.5])),
        t_ref=_refractory(draw, test),
        i_e=draw(st.sampled_from([0.0, 0.25])),
        v_init=draw(st.sampled_from([0.0, 0.5, 3.0])),
        reset=draw(RESETS),
        test=test,
    )
    return network.population("lif", draw(st.integers(1, 4)), model)


def _jumping_if(draw: st.DrawFn, network: Network, on_grid: bool) -> Population:
    """With a current, if all is on a grid: every number is then a binary fraction, and nothing is ever rounded."""
    test = draw(TESTS)
    model = IF(
        c_m=1.0,
        v_th=1.0 + 37 / 1024,
        v_reset=draw(st.sampled_from([0.0, -0.5])),
        t_ref=_refractory(draw, test),
        i_e=draw(st.sampled_from([0.0, 0.125, 0.5])) if on_grid else 0.0,
        v_init=draw(st.sampled_from([0.0, 0.5, 3.0])),
        reset=draw(RESETS),
        test=test,
    )
    return network.population("if", draw(st.integers(1, 4)), model)


def _sources(draw: st.DrawFn, network: Network, poisson: bool) -> list[Population]:
    trains = draw(st.lists(st.lists(GRID, max_size=6).map(sorted), min_size=1, max_size=3))
    sources = [network.source("trains", SpikeTrains([np.array(train) for train in trains]))]
    if draw(st.booleans()):
        regular = RegularSpikes(interval_ms=draw(st.sampled_from([0.5, 1.0, 2.5])), start_ms=draw(GRID))
        sources.append(network.source("regular", regular, size=2))
    if poisson:
        sources.append(network.source("poisson", PoissonSpikes(300.0), size=2))
    if draw(st.booleans()):
        network.record_spikes(*sources)
    return sources


def _connect(
    draw: st.DrawFn,
    network: Network,
    source: Population,
    target: Population,
    weights: st.SearchStrategy[float],
    delays: st.SearchStrategy[Any],
) -> None:
    """By one of several rules, self-connections and multapses included."""
    alike = source is target and source.size == 1
    rules = [AllToAll(), AllToAll(autapses=alike), FixedIndegree(3), FixedOutdegree(2)]
    rule: Any = draw(st.sampled_from(rules))
    weight: Any = draw(weights)
    delay: Any = draw(delays)
    if draw(st.booleans()):
        pairs = st.tuples(st.integers(0, source.size - 1), st.integers(0, target.size - 1))
        chosen = np.array(draw(st.lists(pairs, min_size=1, max_size=8)))
        rule = Explicit(chosen[:, 0], chosen[:, 1])
        weight = np.array([draw(weights) for _ in chosen])
        if delays is DELAYS:
            delay = np.array([draw(delays) for _ in chosen])
    network.connect(source, target, rule, weight=weight, delay=delay)


@st.composite
def crossing_networks(draw: st.DrawFn) -> Network:
    """LIF and IF that fire by themselves, exponential currents, and jumping neurons that read them."""
    network = Network(draw(st.integers(0, 2**32)))
    tests = draw(st.tuples(TESTS, TESTS, TESTS))
    pace_lif, pace_if, exp = _pacemakers(draw, network, tests)
    readers = _readers(draw, network, tests)
    crossing = [pace_lif, pace_if, exp]
    sources = _sources(draw, network, poisson=draw(st.booleans()))
    generic = st.sampled_from([0.0, Uniform(0.0, 3.0), Uniform(1.0, 1.5)])
    for _ in range(draw(st.integers(0, 2))):
        _connect(draw, network, draw(st.sampled_from(crossing)), exp, _real(-60.0, 60.0), generic)
        pace = draw(st.sampled_from(crossing[:2]))
        _connect(draw, network, draw(st.sampled_from(crossing)), pace, _real(-1.0, -0.1), generic)
    for reader in readers:
        _connect(draw, network, draw(st.sampled_from(crossing)), reader, _real(-1.0, 4.0), generic)
        _connect(draw, network, reader, exp, _real(-60.0, 60.0), generic)
    if draw(st.booleans()):
        _connect(draw, network, *readers, _real(-1.0, 4.0), generic)
    for _ in range(draw(st.integers(0, 2))):
        target = draw(st.sampled_from([*crossing, *readers]))
        scale = 20.0 if target is exp else 1.0
        _connect(draw, network, draw(st.sampled_from(sources)), target, _real(-scale, 3 * scale), DELAYS)
    if draw(st.booleans()):
        network.drive(exp, 1000.0, draw(_real(5.0, 20.0)))
    if draw(st.booleans()):
        network.current(pace_lif, [2.0, 5.0], draw(_generic((2, pace_lif.size), 5.0, 40.0)))
    return network


def _real(low: float, high: float) -> st.SearchStrategy[float]:
    """A number between, with nothing special about it."""
    return st.integers(0, 2**32).map(lambda seed: float(np.random.default_rng(seed).uniform(low, high)))


def _generic(shape: Any, low: float, high: float) -> st.SearchStrategy[Any]:
    return st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).uniform(low, high, shape))


def _pacemakers(
    draw: st.DrawFn, network: Network, tests: tuple[Any, Any, Any]
) -> tuple[Population, Population, Population]:
    sizes = [draw(st.integers(1, 3)) for _ in range(3)]
    t_ref = st.sampled_from([0.0, 0.5, 1.0])
    lif = LIF(
        tau_m=10.0,
        c_m=10.0,
        v_th=10.0,
        i_e=draw(_generic(sizes[0], 9.0, 60.0)),
        v_init=draw(_generic(sizes[0], -5.0, 9.0)),
        t_ref=draw(t_ref),
        reset=draw(RESETS),
        test=tests[0],
    )
    non_leaky = IF(
        c_m=1.0,
        i_e=draw(_generic(sizes[1], -0.1, 1.0)),
        t_ref=draw(t_ref),
        reset=draw(RESETS),
        test=tests[1],
    )
    constants = st.sampled_from([0.5, 2.0, 5.0, 10.0, 25.0])
    exponential = LIFExp(
        tau_m=draw(constants),
        tau_syn_ex=draw(constants),
        tau_syn_in=draw(constants),
        c_m=10.0,
        v_th=draw(_generic(sizes[2], 5.0, 10.0)),
        i_e=draw(_generic(sizes[2], -5.0, 15.0)),
        v_init=draw(_generic(sizes[2], -5.0, 5.0)),
        t_ref=draw(st.sampled_from([0.25, 0.5, 2.0])),
        reset=draw(RESETS),
        test=tests[2],
    )
    return (
        network.population("pace lif", sizes[0], lif),
        network.population("pace if", sizes[1], non_leaky),
        network.population("exp", sizes[2], exponential),
    )


def _readers(draw: st.DrawFn, network: Network, tests: tuple[Any, Any, Any]) -> list[Population]:
    periods = st.sampled_from([(0.0, 0.0), (0.7071067, 0.0), (0.0, 0.5773502), (0.7071067, 0.5773502)])
    lif_ref, if_ref = draw(periods)
    lif = LIF(tau_m=10.0, v_th=0.7320508, t_ref=lif_ref, reset=draw(RESETS), test=tests[0])
    non_leaky = IF(v_th=1.4142135, t_ref=if_ref, reset=draw(RESETS), test=tests[1])
    return [
        network.population("read lif", draw(st.integers(1, 3)), lif),
        network.population("read if", draw(st.integers(1, 3)), non_leaky),
    ]


@st.composite
def networks_with_delays(draw: st.DrawFn) -> Network:
    """LIF, IF and exponential currents wired and driven at will, no delay zero, for engines of the same arithmetic.

    Populations named "first ..." have a refractory period of 0 and get input, but excite nobody: spikes cannot
    multiply without end.
    """
    network = Network(draw(st.integers(0, 2**32)))
    tests = draw(st.tuples(TESTS, TESTS, TESTS))
    makers = (_any_lif, _any_if, _any_exp)
    neurons = [
        maker(draw, network, test, ready)
        for ready in (True, False)
        for maker, test in zip(makers, tests, strict=True)
    ]
    sources = _sources(draw, network, poisson=draw(st.booleans()))
    own_delays = st.sampled_from([1e-6, 0.125, 1.0, 2.0]) if draw(st.booleans()) else st.floats(0.1, 3.0)
    delays = st.sampled_from([0.125, 1.0, 1.0, Uniform(0.25, 3.0)]) | st.tuples(own_delays)
    for _ in range(draw(st.integers(2, 8))):
        source, target = draw(st.sampled_from([*sources, *neurons[3:]])), draw(st.sampled_from(neurons))
        _connect_later(draw, network, source, target, delays, own_delays)
    for target in draw(st.lists(st.sampled_from(neurons), max_size=3)):
        _drive(draw, network, target)
    for target in draw(st.lists(st.sampled_from(neurons), max_size=3)):
        times = sorted(draw(st.sets(GRID | st.floats(0.0, END), min_size=1, max_size=4)))
        few = target[draw(st.sets(st.integers(0, target.size - 1), min_size=1).map(sorted))]
        shape = (len(times), few.size) if draw(st.booleans()) else len(times)
        scale = 40.0 if isinstance(target.model, LIFExp) else 1.5
        network.current(few, times, draw(_generic(shape, -scale, scale)))
    return network


def _common_or_own(draw: st.DrawFn, size: int, low: float, high: float) -> Any:
    """One value for all neurons or one for each, on a grid or not."""
    kind = draw(st.sampled_from(["grid", "common", "own"]))
    if kind == "grid":
        return round(draw(_real(low, high)) * 8) / 8
    return draw(_real(low, high)) if kind == "common" else draw(_generic(size, low, high))


def _common(draw: st.DrawFn, ready: bool, test: str) -> dict[str, Any]:
    t_ref = 0.0 if ready else draw(st.sampled_from([0.125, 0.5, 0.7071067, 2.0]))
    return {"t_ref": t_ref, "reset": draw(RESETS), "test": test}


def _name_and_size(draw: st.DrawFn, ready: bool, name: str) -> tuple[str, int]:
    return ("first " if ready else "") + name, draw(st.integers(1, 7))


def _any_lif(draw: st.DrawFn, network: Network, test: str, ready: bool) -> Population:
    name, n = _name_and_size(draw, ready, "lif")
    tau = draw(st.sampled_from([0.3, 4.0, 10.0]))
    model = LIF(
        tau_m=draw(_generic(n, 2.0, 20.0)) if draw(st.integers(0, 3)) == 0 else tau,
        c_m=tau,
        v_th=draw(st.sampled_from([1.0, 1.4142135])),
        i_e=_common_or_own(draw, n, -0.5, draw(st.sampled_from([0.9, 3.0]))),
        v_init=_common_or_own(draw, n, -1.0, 3.0),
        **_common(draw, ready, test),
    )
    return network.population(name, n, model)


def _any_if(draw: st.DrawFn, network: Network, test: str, ready: bool) -> Population:
    name, n = _name_and_size(draw, ready, "if")
    model = IF(
        c_m=1.0,
        i_e=_common_or_own(draw, n, -0.2, 0.5),
        v_init=_common_or_own(draw, n, -1.0, 3.0),
        **_common(draw, ready, test),
    )
    return network.population(name, n, model)


def _any_exp(draw: st.DrawFn, network: Network, test: str, ready: bool) -> Population:
    name, n = _name_and_size(draw, ready, "exp")
    constants = st.sampled_from([0.5, 2.0, 5.0, 10.0, 25.0])
    model = LIFExp(
        tau_m=draw(constants),
        tau_syn_ex=draw(constants),
        tau_syn_in=draw(_generic(n, 0.4, 20.0)) if draw(st.integers(0, 3)) == 0 else draw(constants),
        c_m=10.0,
        v_th=5.0,
        i_e=_common_or_own(draw, n, -5.0, draw(st.sampled_from([4.0, 15.0]))),
        v_init=_common_or_own(draw, n, -5.0, 7.0),
        **(_common(draw, ready, test) | ({"t_ref": 0.25} if ready else {})),
    )
    return network.population(name, n, model)


def _connect_later(
    draw: st.DrawFn, network: Network, source: Population, target: Population, delays: Any, own_delays: Any
) -> None:
    scale = 30.0 if isinstance(target.model, LIFExp) else 1.0
    weights = st.integers(-8, 12).map(lambda k: scale * k / 8) | _real(-scale, 2 * scale)
    weight: Any = draw(weights)
    delay: Any = draw(delays)
    rule: Any = draw(st.sampled_from([AllToAll(), FixedIndegree(3), FixedOutdegree(2)]))
    if draw(st.booleans()) or isinstance(delay, tuple):
        pairs = st.tuples(st.integers(0, source.size - 1), st.integers(0, target.size - 1))
        chosen = np.array(draw(st.lists(pairs, min_size=1, max_size=12)))
        rule = Explicit(chosen[:, 0], chosen[:, 1])
        weight = np.array([draw(weights) for _ in chosen])
        if isinstance(delay, tuple):
            delay = np.array([draw(own_delays) for _ in chosen])
    network.connect(source, target, rule, weight=weight, delay=delay)


def _drive(draw: st.DrawFn, network: Network, target: Population) -> None:
    """Of a whole population or of some neurons, at one rate, one for each, or in pieces."""
    members: Any = target if draw(st.booleans()) else target[:: draw(st.integers(1, 2))]
    rate: Any = draw(st.sampled_from([0.0, 100.0, 2000.0]))
    kind = draw(st.sampled_from(["common", "own", "pieces"]))
    if kind == "own":
        rate = draw(_generic(members.size, 0.0, 2000.0))
    elif kind == "pieces":
        rate = PiecewiseRate(np.array([1.0, 2.5, 7.125]), np.array([2000.0, 0.0, 700.0]))
    scale = 20.0 if isinstance(target.model, LIFExp) else 0.3
    network.drive(members, rate, draw(_real(-scale, 2 * scale)))
