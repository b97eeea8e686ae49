"""Statistics of inter-spike intervals, by Elephant."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from eventsim.measures.trains import Floats, Trains, elephant, milliseconds, positive, spike_trains


class IntervalStatistics(NamedTuple):
    """Of each train, (n,); NaN where it has too few spikes.

    mean_ms: the mean interval.  cv: standard deviation over mean.  cv2: the mean of 2 |a - b| / (a + b) over successive
    intervals a, b (Holt et al. 1996).  lv: the mean of 3 ((a - b) / (a + b))^2 (Shinomoto et al. 2003).  lvr: the same
    corrected for refractoriness (Shinomoto et al. 2009).  All but the first have no unit; cv, cv2 and lv are 1 for a
    Poisson process.
    """

    mean_ms: Floats
    cv: Floats
    cv2: Floats
    lv: Floats
    lvr: Floats


def interval_statistics(trains: Trains, refractory_ms: float = 5.0) -> IntervalStatistics:
    """The statistics of each train's intervals; ``refractory_ms`` is the refractoriness constant R of lvr."""
    statistics, ms = elephant("statistics"), milliseconds()
    constant = positive("refractory_ms", refractory_ms) * ms
    intervals = [np.diff(train) for train in spike_trains(trains)]

    def each(measure: Callable[[Floats], float], least: int) -> Floats:
        return np.array([measure(i) if len(i) >= least else np.nan for i in intervals], dtype=np.float64)

    return IntervalStatistics(
        each(lambda i: float(i.mean()), 1),
        each(lambda i: float(statistics.cv(i)), 2),
        each(lambda i: float(statistics.cv2(i)), 2),
        each(lambda i: float(statistics.lv(i)), 2),
        each(lambda i: float(statistics.lvr(i * ms, R=constant)), 2),
    )
