"""Integrate-and-fire neurons with exponential currents in 30 digits, and their first crossing by search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mpmath import exp, inf, mp, mpf

DIGITS = 30
_GRID = [0.0, *(1e-3 * 1.08**k for k in range(158))]  # in units of the longest time constant, up to 180


@dataclass(frozen=True)
class Cell:
    """tau_m V' = v_inf - V + tau_m (ex exp(-x/tau_ex) + inh exp(-x/tau_in)), V(0) = v; in ms and mV."""

    tau_m: float
    tau_ex: float
    tau_in: float
    v_inf: float
    v: float
    ex: float
    inh: float

    def voltage(self, x: float | mpf) -> mpf:
        """V(x), by the integral of each exponential against the membrane's."""
        mp.dps = DIGITS
        x = mpf(x)
        tau_m = mpf(self.tau_m)
        total = mpf(self.v_inf) + (mpf(self.v) - mpf(self.v_inf)) * exp(-x / tau_m)
        for current, tau in ((self.ex, mpf(self.tau_ex)), (self.inh, mpf(self.tau_in))):
            if tau == tau_m:
                total += mpf(current) * x * exp(-x / tau_m)
            else:
                total += mpf(current) * (exp(-x / tau_m) - exp(-x / tau)) / (1 / tau - 1 / tau_m)
        return total

    def after(self, x: mpf) -> Cell:
        """The cell a time x later."""
        ex, inh = mpf(self.ex) * exp(-mpf(x) / self.tau_ex), mpf(self.inh) * exp(-mpf(x) / self.tau_in)
        return replace(self, v=self.voltage(x), ex=ex, inh=inh)

    def peak(self) -> tuple[mpf, mpf]:
        """Where V is highest, and how high."""
        grid = [mpf(g) * max(self.tau_m, self.tau_ex, self.tau_in) for g in _GRID]
        values = [self.voltage(x) for x in grid]
        k = max(range(len(grid)), key=values.__getitem__)
        x = _maximum(self.voltage, grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)])
        return x, self.voltage(x)

    def first_crossing(self, v_th: float) -> mpf:
        """First x with V(x) > v_th by a search on a grid, refined where V has a maximum between its points."""
        unit = max(self.tau_m, self.tau_ex, self.tau_in)
        before, low, at_low = mpf(0), mpf(0), self.voltage(0)
        previous = at_low
        for g in _GRID[1:]:
            high = mpf(g) * unit
            at_high = self.voltage(high)
            if at_high > v_th:
                return self._bisect(low, high, v_th)
            if at_low >= previous and at_low >= at_high:
                top = _maximum(self.voltage, before, high)
                if self.voltage(top) > v_th:
                    return self._bisect(before, top, v_th)
            before, previous, low, at_low = low, at_low, high, at_high
        return inf

    def _bisect(self, low: mpf, high: mpf, v_th: float) -> mpf:
        for _ in range(75):
            middle = (low + high) / 2
            if self.voltage(middle) > v_th:
                high = middle
            else:
                low = middle
        return high


def _maximum(function: Callable[[mpf], mpf], low: mpf, high: mpf) -> mpf:
    """Of a function with one maximum in between, by thirds."""
    for _ in range(50):
        third = (high - low) / 3
        if function(low + third) < function(high - third):
            low += third
        else:
            high -= third
    return (low + high) / 2
