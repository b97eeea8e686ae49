"""The scenarios with processes around them, as a user runs them at a small size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

pytest.importorskip("sklearn")

from eventsim import open_raster
from eventsim.errors import InputError
from networks import cartpole, requests

ROOT = Path(__file__).parents[2]


def run(folder: Path, name: str, *settings: str) -> dict[str, Any]:
    """The summary of ``eventsim run``."""
    command = [str(Path(sys.executable).with_name("eventsim")), "run", f"scenarios/{name}.toml", "--json"]
    command += ["--out", str(folder), *(f"--set={each}" for each in settings)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / f"{name}.png").stat().st_size > 20_000
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_pole_is_balanced_and_falls_when_the_loop_is_slow(tmp_path):
    summary = run(tmp_path, "cartpole", "duration_ms=1500.0")
    metrics = summary["metrics"]
    assert (metrics["balanced"], metrics["balanced_s"]) == (1.0, 1.5)
    assert metrics["angle_largest_deg"] < 6.0 and summary["spikes"] > 20
    late = cartpole.build(seed=1, latency_ms=200.0)
    loop = _run(late, 1500.0)
    assert 300.0 < loop.fallen_ms < 1500.0
    assert abs(loop.plant[2]) >= cartpole.FALLEN_RAD or abs(loop.plant[0]) >= cartpole.RAIL_M


def _run(experiment: Any, duration_ms: float) -> Any:
    """Run an experiment on the engine of its scenario; what its processes are about."""
    from eventsim.simulation import Simulation

    experiment.simulate(Simulation(experiment.network), duration_ms)
    return experiment.world.__self__


def test_the_plant_keeps_its_energy_when_nobody_pushes():
    """E = kinetic + potential, of a cart and a thin rod; 1 s of falling and swinging."""

    def energy(state):
        _, v, theta, omega, _ = state
        m, length = cartpole.POLE_KG, cartpole.HALF_M
        kinetic = 0.5 * (cartpole.CART_KG + m) * v * v + m * length * v * omega * np.cos(theta)
        return kinetic + 2.0 / 3.0 * m * (length * omega) ** 2 + m * cartpole.GRAVITY * length * np.cos(theta)

    start = np.array([0.3, -0.2, 0.4, 0.5, 0.0])
    end = solve_ivp(cartpole.slopes, (0.0, 1.0), start, rtol=1e-10, atol=1e-12).y[:, -1]
    assert energy(end) == pytest.approx(energy(start), rel=1e-8)


def test_requests_are_answered_as_computed_and_wait_as_a_queue_does(tmp_path):
    summary = run(tmp_path, "requests", "parameters.requests=60")
    metrics = summary["metrics"]
    assert (metrics["served"], metrics["answers_as_computed"]) == (60, 1.0)
    assert metrics["accuracy"] > 0.85
    line = requests.build(seed=1, requests=60).world.__self__
    times, images = line.arrivals
    done = requests.finished(times, line.service_ms[images])
    waits = done - line.service_ms[images] - times
    assert metrics["wait_ms"] == pytest.approx(waits.mean(), rel=1e-9)
    spikes = open_raster(tmp_path / "raster.h5").spikes("answers")
    cleared = done - requests.CLEAR_MS + requests.DELAY_MS
    assert np.isin(np.round(cleared, 6), np.round(spikes.times, 6)).all()  # all ten are back to 0
    assert metrics["wait_mg1_ms"] == pytest.approx(
        0.7 / 0.3 * (line.service_ms**2).mean() / line.service_ms.mean() / 2.0
    )


def test_whoever_hurries_is_sooner_done_and_more_often_wrong():
    calm, hurried = (requests.build(seed=2, load=0.95, requests=150, hurry=h) for h in (0.0, 3.0))
    lines = [_run(each, each.duration_ms) for each in (calm, hurried)]
    waits, wrong = zip(
        *(
            (
                np.mean([each.begun - each.arrived for each in line.served]),
                np.mean([each.answer != line.labels[each.image] for each in line.served]),
            )
            for line in lines
        ),
        strict=True,
    )
    assert waits[1] < 0.7 * waits[0]
    assert wrong[1] > wrong[0]


@pytest.mark.parametrize(
    ("build", "mistake"),
    [
        (cartpole.build, {"jitter_ms": -1.0}),
        (requests.build, {"load": 0.0}),
        (requests.build, {"requests": 0}),
        (requests.build, {"threshold": float("nan")}),
        (requests.build, {"hurry": -0.5}),
    ],
)
def test_parameters_that_cannot_be(build, mistake):
    (name,) = mistake
    with pytest.raises(InputError, match=name):
        build(seed=1, **mistake)
