"""The scenario ``cartpole``: a pole balanced by spikes.

A cart on a rail carries a pole that stands on its tip.  Eight sensors, a pair for each of position, speed, angle and
angular speed, send spikes, the more often the more there is of it; two groups of neurons push the cart to the right
and to the left, a little with each spike.  The plant is integrated between the spikes, which reach the neurons and the
cart at exact times.  ``latency_ms`` is what spikes need around the loop, ``jitter_ms`` is added at random.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_are

from eventsim.errors import InputError
from eventsim.lut.encoding import generator
from eventsim.models import LIFExp
from eventsim.network import FromMatrix, Network, SpikeTrains, Uniform
from eventsim.scenario.experiment import Experiment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results
    from eventsim.world import World

SENSORS, MOTORS = "sensors", "motors"

CART_KG, POLE_KG, HALF_M, GRAVITY = 1.0, 0.1, 0.5, 9.81
MUSCLE_S = 0.02  # time constant of the force
FALLEN_RAD, RAIL_M = math.radians(45.0), 2.4

SCALE = np.array([1.0, 1.5, 0.2, 1.0])  # m, m/s, rad, rad/s at which a sensor fires `SENSOR_HZ`
SENSOR_HZ = 1000.0
SAMPLE_MS = 5.0
MOTORS_A_SIDE, PUSH_N = 5, 1.0  # each spike adds so much to the force, which then decays
TAU_M_MS, TAU_SYN_MS, C_M_PF = 100.0, 10.0, 100.0
THRESHOLD_MV = (6.0, 12.0)


def slopes(_: float, state: NDArray[np.float64]) -> tuple[float, float, float, float, float]:
    """The plant: x'' and theta'' of Barto, Sutton and Anderson (1983) without friction, F' = -F / tau.  SI units.

    Positive is to the right; theta is 0 where the pole stands.
    """
    _x, v, theta, omega, force = state
    sine, cosine = math.sin(theta), math.cos(theta)
    total = CART_KG + POLE_KG
    push = (force + POLE_KG * HALF_M * omega * omega * sine) / total
    turn = (GRAVITY * sine - cosine * push) / (HALF_M * (4.0 / 3.0 - POLE_KG * cosine * cosine / total))
    return v, push - POLE_KG * HALF_M * turn * cosine / total, omega, turn, -force / MUSCLE_S


def feedback() -> NDArray[np.float64]:
    """N a unit of x, v, theta and omega: the linear-quadratic regulator of the plant without its muscle."""
    nothing, step = np.zeros(5), 1e-6
    columns = [(np.array(slopes(0.0, nothing + step * unit)) / step)[:4] for unit in np.eye(5)]
    a, b = np.stack(columns[:4], axis=1), columns[4].reshape(4, 1)
    cost = solve_continuous_are(a, b, np.diag([1.0, 0.5, 20.0, 1.0]), [[0.05]])
    gain: NDArray[np.float64] = 20.0 * (b.T @ cost).ravel()  # R = 0.05
    return -gain


def build(
    *,
    seed: int,
    latency_ms: float = 5.0,
    jitter_ms: float = 0.0,
    tilt_deg: float = 6.0,
    kick_n_s: float = 0.5,
    kick_every_ms: float = 2000.0,
) -> Experiment:
    """The pole leans by `tilt_deg` at first, and the cart gets a kick of `kick_n_s` (N s) to either side now and then.

    latency_ms: from a sensor to the motor neurons.  jitter_ms: each sensor spike is late by an exponential time of this
    mean as well.
    """
    if not 0.0 <= jitter_ms < math.inf:
        raise InputError("jitter_ms", jitter_ms, "must not be negative")
    network = Network(seed)
    sensors = network.source(SENSORS, SpikeTrains(np.zeros((2 * SCALE.size, 0))))
    motors = network.population(
        MOTORS,
        2 * MOTORS_A_SIDE,
        LIFExp(
            tau_m=TAU_M_MS,
            c_m=C_M_PF,
            v_th=Uniform(*THRESHOLD_MV),
            tau_syn_ex=TAU_SYN_MS,
            tau_syn_in=TAU_SYN_MS,
            reset="subtract",
        ),
    )
    network.connect(sensors, motors, FromMatrix(weights()), delay=latency_ms)
    network.record_spikes(sensors)
    loop = Loop(seed, jitter_ms, tilt_deg, kick_n_s, kick_every_ms)
    return Experiment(network, measure=loop.measure, figures=loop.figures, world=loop.start)


def weights() -> NDArray[np.float64]:
    """pA of each sensor (+x, -x, +v, ...) at each motor neuron (to the right, then to the left): (8, 2 n).

    A neuron that does not leak fires I / (C V_th) times a second, and n of them push with n q tau_F of that.
    """
    newton_a_pa = MOTORS_A_SIDE * PUSH_N * MUSCLE_S * 1e3 / (C_M_PF * float(np.mean(THRESHOLD_MV)))
    pa_a_spike = feedback() * SCALE / newton_a_pa / (SENSOR_HZ * 1e-3 * TAU_SYN_MS)
    to_right = np.outer(np.stack([pa_a_spike, -pa_a_spike], axis=1).ravel(), np.ones(MOTORS_A_SIDE))
    return np.concatenate([to_right, -to_right], axis=1)


@dataclass
class Loop:
    """Plant, sensors and motors; what they do is one run's, from `start` to the next."""

    seed: int
    jitter_ms: float
    tilt_deg: float
    kick_n_s: float
    kick_every_ms: float
    plant: NDArray[np.float64] = field(default_factory=lambda: np.zeros(5))
    time_ms: float = 0.0
    fallen_ms: float = math.inf
    track: list[NDArray[np.float64]] = field(default_factory=list)

    def start(self, world: World) -> None:
        """Put the pole up and switch the loop on."""
        self.plant = np.array([0.0, 0.0, math.radians(self.tilt_deg), 0.0, 0.0])
        self.time_ms, self.fallen_ms, self.track = world.now, math.inf, []
        world.process(self._sense(world))
        world.process(self._push(world))
        world.process(self._kick(world))

    def advance(self, time_ms: float) -> None:
        """The plant at `time_ms`: no spike reaches it before."""
        if time_ms > self.time_ms:
            span = (0.0, (time_ms - self.time_ms) / 1e3)
            solved = solve_ivp(slopes, span, self.plant, rtol=1e-8, atol=1e-10)
            self.plant = solved.y[:, -1]
        self.time_ms = time_ms

    @property
    def is_up(self) -> bool:
        """Whether there is still something to balance."""
        return bool(abs(self.plant[2]) < FALLEN_RAD and abs(self.plant[0]) < RAIL_M)

    def _sense(self, world: World) -> Generator[Any, Any, None]:
        """Every `SAMPLE_MS` the rates of the sensors are set; spike k of a sensor is where their sum reaches k + 1."""
        sensors, draw = world.network[SENSORS], generator(self.seed, "jitter", "cartpole")
        phases, sample = np.zeros(2 * SCALE.size), 0
        while True:
            self.advance(world.now)
            self.track.append(np.array([world.now, *self.plant]))
            if not self.is_up:
                self.fallen_ms = world.now
                return
            value = np.clip(self.plant[:4] / SCALE, -1.0, 1.0)
            rates = np.maximum(np.stack([value, -value], axis=1).ravel(), 0.0) * SENSOR_HZ * 1e-3
            for index in np.flatnonzero(rates).tolist():
                reached = phases[index] + rates[index] * SAMPLE_MS
                times = world.now + (np.arange(1, int(reached) + 1) - phases[index]) / rates[index]
                phases[index] = reached % 1.0
                for t in times + draw.exponential(self.jitter_ms, times.size):
                    world.inject(sensors[index], at=t)
            sample += 1
            yield world.at(sample * SAMPLE_MS)

    def _push(self, world: World) -> Generator[Any, Any, None]:
        """Every motor spike adds to the force."""
        while self.is_up:
            spikes = yield world.spike(MOTORS)
            self.advance(spikes.time)
            to_right = int((spikes.members < MOTORS_A_SIDE).sum())
            self.plant[4] += PUSH_N * (2 * to_right - spikes.members.size)

    def _kick(self, world: World) -> Generator[Any, Any, None]:
        """Somebody knocks at the cart."""
        draw = generator(self.seed, "kicks", "cartpole")
        while self.is_up:
            yield world.timeout(self.kick_every_ms * draw.uniform(0.5, 1.5))
            self.advance(world.now)
            self.plant[1] += draw.choice([-1.0, 1.0]) * self.kick_n_s / (CART_KG + POLE_KG)

    def measure(self, results: Results) -> dict[str, Any]:
        """The metrics of the summary."""
        track = np.array(self.track)
        times, x, theta = track[:, 0], track[:, 1], np.degrees(track[:, 3])
        later = times >= min(1000.0, 0.5 * times[-1])
        up_s = min(self.fallen_ms, results.duration_ms) / 1e3
        return {
            "balanced": float(math.isinf(self.fallen_ms)),
            "balanced_s": up_s,
            "angle_rms_deg": float(np.sqrt((theta[later] ** 2).mean())),
            "angle_largest_deg": float(np.abs(theta[later]).max()),
            "position_rms_m": float(np.sqrt((x[later] ** 2).mean())),
            "sensor_spikes_a_s": results.spikes(SENSORS).times.size / up_s,
            "motor_spikes_a_s": results.spikes(MOTORS).times.size / up_s,
        }

    def figures(self, results: Results) -> dict[str, Figure]:
        """The picture of the scenario."""
        from networks.cartpole_figure import cartpole_figure

        return {"cartpole": cartpole_figure(np.array(self.track), results)}
