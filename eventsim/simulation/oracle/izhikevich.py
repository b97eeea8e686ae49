"""Izhikevich's neuron in plain Python, by a general integrator and by his own program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp


class TwoVariables:
    """Izhikevich's neuron, integrated by an adaptive Runge-Kutta method of order 8 that takes small steps."""

    span = 4.0  # ms that it looks ahead

    def __init__(self, values: Mapping[str, float], model: Any) -> None:
        self.p = values
        self.now = 0.0
        self.v = values["v_init"]
        self.u = values.get("u_init", values["b"] * self.v)
        self.current = values["i_e"]

    def _slopes(self, _: float, state: NDArray[np.float64]) -> tuple[float, float]:
        v, u = state
        return 0.04 * v**2 + 5.0 * v + 140.0 - u + self.current, self.p["a"] * (self.p["b"] * v - u)

    def _solve(self, t: float, **options: Any) -> Any:
        options |= {"method": "DOP853", "rtol": 1e-13, "atol": 1e-13}
        return solve_ivp(self._slopes, (self.now, t), [self.v, self.u], **options)

    def advance(self, t: float) -> None:
        if t > self.now:
            self.v, self.u = map(float, self._solve(t).y[:, -1])
        self.now = t

    def next_spike(self) -> float:
        if self.v > self.p["v_th"]:
            return self.now
        crossings: Any = self._solve(self.look_again(), events=self._threshold()).t_events[0]
        return float(crossings[0]) if crossings.size else math.inf

    def _threshold(self) -> Callable[..., float]:
        def over(_: float, state: NDArray[np.float64]) -> float:
            return float(state[0]) - self.p["v_th"]

        over.terminal, over.direction = True, 1.0  # type: ignore[attr-defined]  # as solve_ivp wants it
        return over

    def look_again(self) -> float:
        return self.now + self.span

    def arrive(self, weight: float, receptor: int) -> None:
        self.v += weight

    def set_current(self, value: float) -> None:
        self.current = value

    def fire(self) -> int:
        self.v = self.p["c"]
        self.u += self.p["d"]
        return 0


class InSteps:
    """Izhikevich's published program: what arrived in a millisecond is part of its current; v goes in half steps."""

    def __init__(self, values: Mapping[str, float], model: Any) -> None:
        self.p = values
        self.now = 0.0
        self.v = values["v_init"]
        self.u = values.get("u_init", values["b"] * self.v)
        self.current = values["i_e"]
        self.arrived: list[float] = []

    def advance(self, t: float) -> None:
        for _ in range(math.floor(self.now), math.floor(t)):
            total = self.current + sum(self.arrived)
            self.arrived = []
            for _half in range(2):
                self.v += 0.5 * (0.04 * self.v**2 + 5.0 * self.v + 140.0 - self.u + total)
            self.u += self.p["a"] * (self.p["b"] * self.v - self.u)
        self.now = t

    def next_spike(self) -> float:
        return self.now if self.v >= self.p["v_th"] else math.inf

    def look_again(self) -> float:
        return math.floor(self.now) + 1.0

    def arrive(self, weight: float, receptor: int) -> None:
        self.arrived.append(weight)

    def set_current(self, value: float) -> None:
        self.current = value

    def fire(self) -> int:
        self.v = self.p["c"]
        self.u += self.p["d"]
        return 0
