"""Izhikevich's neuron in long double, by short steps of a Taylor series: the oracle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Long = np.longdouble
ORDER = 24


def spike_times(
    abcd: tuple[float, float, float, float],
    changes: Sequence[tuple[float, float, float]],
    duration: float,
    v_th: float = 30.0,
) -> list[float]:
    """Spikes of a neuron that starts at v = -65, u = b v.

    changes: (time, jump of v, current from then on) in order of time, the first at time 0.
    """
    a, b, c, d = map(Long, abcd)
    t, v, u = Long(0), Long(-65), Long(abcd[1] * -65.0)
    spikes: list[float] = []
    ends = [Long(time) for time, _, _ in changes[1:]] + [Long(duration)]
    for (_, jump, current), end in zip(changes, ends, strict=True):
        v += Long(jump)
        while t < end or v > v_th:
            if v > v_th:
                spikes.append(float(t))
                v, u = c, u + d
            vs, us = _series(a, b, v, u, Long(current))
            h = min(end - t, _length(vs), _length(us))
            x = _first_above(vs, v_th, h)
            if x is not None:
                spikes.append(float(t + x))
                t, v, u = t + x, c, _value(us, x) + d
            else:
                t, v, u = (t + h if h < end - t else end), _value(vs, h), _value(us, h)
    return spikes


def _series(a: Long, b: Long, v: Long, u: Long, current: Long) -> tuple[NDArray[Long], NDArray[Long]]:
    vs, us = np.zeros((2, ORDER + 1), Long)
    vs[0], us[0] = v, u
    for k in range(ORDER):
        square = np.dot(vs[: k + 1], vs[k::-1])
        constant = 140 + current if k == 0 else Long(0)
        vs[k + 1] = (square / 25 + 5 * vs[k] + constant - us[k]) / (k + 1)
        us[k + 1] = a * (b * vs[k] - us[k]) / (k + 1)
    return vs, us


def _length(series: NDArray[Long]) -> Long:
    terms = [(Long(1e-20) / abs(series[k])) ** (Long(1) / k) for k in (ORDER - 1, ORDER) if series[k]]
    return min(terms, default=Long(10))


def _value(series: NDArray[Long], x: Long) -> Long:
    total = Long(0)
    for coefficient in series[::-1]:
        total = total * x + coefficient
    return total


def _first_above(series: NDArray[Long], v_th: float, h: Long) -> Long | None:
    """A crossing in (0, h] by 400 samples and bisection: right where v stays above for longer than a sample."""
    grid = h * np.arange(1, 401).astype(Long) / 400
    if abs(series[1:]) @ h ** np.arange(1, ORDER + 1).astype(Long) + series[0] <= v_th:
        return None
    above = np.polyval(series[::-1], grid) > v_th
    if not above.any():
        return None
    high = grid[np.argmax(above)]
    low = high - h / 400
    while low < (middle := (low + high) / 2) < high:
        low, high = (low, middle) if _value(series, middle) > v_th else (middle, high)
    return high
