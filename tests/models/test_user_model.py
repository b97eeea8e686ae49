"""A model in a user's own file: the example of docs/models.md, run outside the package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "quadratic.py"
TAU, PEAK = 10.0, 10.0

SCRIPT = """
import json
from eventsim import AllToAll, Network, SpikeTrains
from eventsim.kernels.queue import run as queue
from eventsim.simulation.queue_engine import QueueEngine
from quadratic import Quadratic

network = Network()
cells = {"tonic": (0.5, -1.0), "critical": (0.0, 0.5), "excitable": (-1.0, 1.5), "quiet": (-1.0, 0.9)}
for name, (current, start) in cells.items():
    network.population(name, 1, Quadratic(i_e=current, v_init=start))
kick = network.source("kick", SpikeTrains([[20.0]]))
network.connect(kick, "quiet", AllToAll(), weight=3.0, delay=0.5)
engine, spikes = QueueEngine(network), []
engine.run_until(100.0, lambda times, ids: spikes.extend(zip(times.tolist(), ids.tolist())), lambda _: None)
stats = queue.run_until.stats
print(json.dumps([spikes, sum(stats.cache_hits.values()), sum(stats.cache_misses.values())]))
"""


def time_to_peak(start: float, current: float) -> float:
    return float(TAU * quad(lambda v: 1.0 / (v * v + current), start, PEAK, epsabs=1e-13, epsrel=1e-13)[0])


def expected(reset: float) -> dict[int, list[float]]:
    first, period = time_to_peak(-1.0, 0.5), time_to_peak(reset, 0.5)
    kicked = 3.0 - np.tanh(20.5 / TAU - np.arctanh(0.9))
    return {
        0: np.arange(first, 100.0, period).tolist(),
        1: [time_to_peak(0.5, 0.0)],
        2: [time_to_peak(1.5, -1.0)],
        3: [20.5 + time_to_peak(kicked, -1.0)],
    }


def test_page_shows_the_file():
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "models.md").read_text(), re.DOTALL)
    assert EXAMPLE.read_text() in blocks


@pytest.mark.slow
def test_runs_outside_the_package(tmp_path):
    model = tmp_path / "quadratic.py"
    shutil.copy(EXAMPLE, model)
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def run() -> tuple[list[tuple[float, int]], int, int]:
        command = [sys.executable, "script.py"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        spikes, hits, misses = json.loads(done.stdout)
        return spikes, hits, misses

    def agree(spikes: list[tuple[float, int]], reset: float) -> None:
        for neuron, times in expected(reset).items():
            np.testing.assert_allclose([t for t, n in spikes if n == neuron], times, rtol=1e-12)

    first, hits, misses = run()
    agree(first, -10.0)
    assert (hits, misses) == (0, 1)
    again, hits, misses = run()
    assert again == first
    assert (hits, misses) == (1, 0)
    model.write_text(model.read_text().replace("    s.v = p.v_reset\n", "    s.v = 0.5 * p.v_reset\n"))
    edited, hits, misses = run()
    agree(edited, -5.0)
    assert (hits, misses) == (0, 1)
