"""A metric over one setting, with its replicates: means, confidence bands and where they cross a level."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Curve:
    """Replicates of a metric at ascending values of a setting.

    x: (k,), ascending.  replicates: the metric's values at each, without those that are missing.  paired: whether
    the m-th value at every x comes of the same seed.
    """

    x: Floats
    replicates: tuple[Floats, ...]
    paired: bool

    @property
    def means(self) -> Floats:
        """(k,)"""
        return np.array([values.mean() for values in self.replicates])

    @property
    def half_widths(self) -> Floats:
        """Half the width of the confidence interval of each mean (Student's t), (k,); NaN of a single replicate."""
        return np.array([_half_width(values) for values in self.replicates])

    @property
    def logarithmic(self) -> bool:
        """Whether the values lie by equal factors: what lies between is then interpolated over their logarithms."""
        if len(self.x) < 3 or self.x[0] <= 0.0:
            return False
        factors = self.x[1:] / self.x[:-1]
        return bool(factors[0] > 1.0 and np.allclose(factors, factors[0], rtol=1e-6)) and not bool(
            np.allclose(np.diff(self.x), self.x[1] - self.x[0], rtol=1e-6)
        )


class Crossing(NamedTuple):
    """Where a metric's mean first crosses a level, and the interval of the setting that may be the crossing.

    ``low`` and ``high`` are -inf and inf where the interval is open: where it reaches beyond the values swept.  Both
    are NaN where there are no replicates.
    """

    x: float
    low: float
    high: float


def curve(x: NDArray[Any], seeds: NDArray[Any], values: NDArray[Any]) -> Curve:
    """The curve of the rows of a table: setting, seed and metric of each point, (n,) all."""
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(values)
    x, seeds, values = np.asarray(x, dtype=np.float64)[known], seeds[known], values[known]
    order = np.lexsort((seeds, x))
    x, seeds, values = x[order], seeds[order], values[order]
    levels, first = np.unique(x, return_index=True)
    of_seeds = np.split(seeds, first[1:])
    paired = all(np.array_equal(each, of_seeds[0]) for each in of_seeds)
    return Curve(levels, tuple(np.split(values, first[1:])), paired)


def crossing(curve: Curve, level: float) -> Crossing | None:
    """Where the mean, straight between the values of the setting, first meets ``level``; None where it never does.

    The interval inverts the t-test: it holds every setting around the crossing at which the hypothesis that the mean
    equals the level is not rejected at 5 %, which is where the confidence band contains the level.  Between two values,
    replicates of one seed are interpolated together, so that what they have in common cancels as it should.
    """
    if len(curve.x) < 2:
        return None
    offsets = curve.means - level
    met = np.flatnonzero(offsets[:-1] * offsets[1:] <= 0.0)
    if not met.size:
        return None
    k = int(met[0])
    drop = offsets[k] - offsets[k + 1]
    at = k + (offsets[k] / drop if drop != 0.0 else 0.0)
    if any(len(values) < 2 for values in curve.replicates):
        return Crossing(_position(curve, at), math.nan, math.nan)
    edges = np.array(sorted(_edges(curve, level)))
    below, above = edges[edges <= at], edges[edges >= at]
    low = _position(curve, float(below[-1])) if below.size else -math.inf
    high = _position(curve, float(above[0])) if above.size else math.inf
    return Crossing(_position(curve, at), low, high)


def _edges(curve: Curve, level: float) -> Iterator[float]:
    """Where the band's edges meet the level, as positions: k + w lies between values k and k + 1, 0 <= w <= 1.

    (mean - level)^2 = t^2 variance, both sides quadratic in w.
    """
    for k, (left, right) in enumerate(zip(curve.replicates[:-1], curve.replicates[1:], strict=True)):
        ends, t = _variances(left, right, curve.paired), _t_quantile(min(len(left), len(right)))
        a, b = left.mean() - level, right.mean() - left.mean()
        v0, cross, v1 = ends
        second = b * b - t * t * (v0 - 2.0 * cross + v1)
        first, zeroth = 2.0 * a * b - 2.0 * t * t * (cross - v0), a * a - t * t * v0
        for w in _roots(second, first, zeroth):
            if -1e-12 <= w <= 1.0 + 1e-12:
                yield k + min(max(w, 0.0), 1.0)


def _roots(a: float, b: float, c: float) -> Iterator[float]:
    """The real solutions of a w^2 + b w + c = 0, without cancellation."""
    discriminant = b * b - 4.0 * a * c
    if discriminant < 0.0:
        return
    q = -0.5 * (b + math.copysign(math.sqrt(discriminant), b))
    if a != 0.0:
        yield q / a
    if q != 0.0:
        yield c / q


def _variances(left: Floats, right: Floats, paired: bool) -> tuple[float, float, float]:
    """Variance of the left mean, covariance of both, variance of the right."""
    v0, v1 = left.var(ddof=1) / len(left), right.var(ddof=1) / len(right)
    cross = float(np.cov(left, right)[0, 1]) / len(left) if paired else 0.0
    return float(v0), cross, float(v1)


def _position(curve: Curve, position: float) -> float:
    k = min(int(position), len(curve.x) - 2)
    w, a, b = position - k, curve.x[k], curve.x[k + 1]
    if curve.logarithmic:
        return math.exp((1.0 - w) * math.log(a) + w * math.log(b))
    return float((1.0 - w) * a + w * b)


def _half_width(values: Floats) -> float:
    if len(values) < 2:
        return math.nan
    return float(_t_quantile(len(values)) * values.std(ddof=1) / math.sqrt(len(values)))


def _t_quantile(n: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.5 + 0.5 * CONFIDENCE))
