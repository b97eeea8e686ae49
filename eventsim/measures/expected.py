"""What noise does, in closed form: what a sweep's figure is compared with."""

from __future__ import annotations

import math

from eventsim.errors import InputError
from eventsim.measures.trains import not_negative, positive
from eventsim.network.noise import Shape


def swap_probability(gap_ms: float, scale_ms: float, shape: Shape = "normal") -> float:
    """The probability that jitter on both lets the later of two spikes, ``gap_ms`` >= 0 apart, come first.

    It is P(D > gap) for the difference D of two independent draws: Phi(-gap / (sqrt 2 sigma)) for the normal,
    (2 - gap / a)^2 / 8 for the uniform on (-a, a), exp(-gap / mean) / 2 for the exponential.
    """
    scale = positive("scale_ms", scale_ms)
    if not gap_ms >= 0.0:
        raise InputError("gap_ms", gap_ms, "must not be negative")
    x = gap_ms / scale
    if shape == "normal":
        return 0.5 * math.erfc(x / 2.0)
    if shape == "uniform":
        return max(0.0, 2.0 - x) ** 2 / 8.0
    if shape == "exponential":
        return 0.5 * math.exp(-x)
    raise InputError("shape", shape, "one of normal, uniform, exponential is needed")


def coincidence_probability(
    gap_ms: float, window_ms: float, scale_ms: float, shape: Shape = "normal"
) -> float:
    """The probability that two spikes ``gap_ms`` apart, both jittered, come at most ``window_ms`` apart.

    One minus it at gap 0 is the probability of a missed coincidence; at a gap beyond the window, it is that of a false
    one.  P(|gap + D| <= window), D as in `swap_probability`.
    """
    gap, window = abs(gap_ms), positive("window_ms", window_ms)

    def above(x: float) -> float:
        return (
            swap_probability(x, scale_ms, shape) if x >= 0.0 else 1.0 - swap_probability(-x, scale_ms, shape)
        )

    return above(gap - window) - above(gap + window)


def chance_coincidence_rate_hz(rate_a_hz: float, rate_b_hz: float, window_ms: float) -> float:
    """How often two independent Poisson neurons spike at most ``window_ms`` apart: 2 r_a r_b window pairs a second."""
    rates = not_negative("rate_a_hz", rate_a_hz) * not_negative("rate_b_hz", rate_b_hz)
    return 2.0 * rates * positive("window_ms", window_ms) * 1e-3


def rate_decoding_error(rate_hz: float, duration_ms: float) -> float:
    """The relative standard deviation of a Poisson rate decoded from its count: 1 / sqrt(rate duration)."""
    return 1.0 / math.sqrt(positive("rate_hz", rate_hz) * positive("duration_ms", duration_ms) * 1e-3)


def rate_misread_probability(
    rate_hz: float, duration_ms: float, least_hz: float, below_hz: float = math.inf
) -> float:
    """The probability that a Poisson rate, read as count / duration, does not lie in [least_hz, below_hz).

    Word2Spike's three symbols at 100, 0 and 50 Hz, told apart in 200 ms: 0.1049 for the first (72 Hz and more), 0.0835
    for the last (more than 0 and less than 72 Hz).
    """
    from scipy.stats import poisson

    if not least_hz < below_hz:
        raise InputError("below_hz", below_hz, f"must be above least_hz, {least_hz:g}")
    seconds = positive("duration_ms", duration_ms) * 1e-3
    mean = positive("rate_hz", rate_hz) * seconds
    below_least = float(poisson.cdf(math.ceil(least_hz * seconds) - 1, mean))
    return below_least + (
        float(poisson.sf(math.ceil(below_hz * seconds) - 1, mean)) if below_hz < math.inf else 0.0
    )
