"""The promised size of a synapse while a table is built: the peak of a process that has compiled before."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
from dataclasses import dataclass
import numpy as np
from eventsim.build.synapses import build_synapses
from eventsim.network import *

@dataclass(frozen=True)
class Cell(Model):
    pass

def build(n, k, tiles, **values):
    network = Network(1)
    cells = network.population("cells", n, Cell())
    bounds = None if tiles == 1 else np.linspace(0, n, tiles + 1).astype(np.int64)
    return build_synapses(network, network.connect(cells, cells, {rule}, **values), bounds)

def memory(line):
    return 1024 * int(next(text for text in open("/proc/self/status") if text.startswith(line)).split()[1])

own = dict(weight=Normal(1, 0.1))
delays = dict(delay=TruncatedNormal(1.5, 0.75, 0.1))
for values, tiles, budget in (({{}}, 1, 4.5), (own, 1, 8.5), (own | delays, 1, 16.5), (own | delays, 8, 16.5)):
    build(20, 5, min(tiles, 2), **values)
    open("/proc/self/clear_refs", "w").write("5")  # the peak starts again from here
    before = memory("VmRSS")
    table = build({n}, 500, tiles, **values)
    used = (memory("VmHWM") - before) / table.targets.size
    assert used <= budget + 0.25, (values, tiles, used)
    del table
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is read")
@pytest.mark.parametrize(
    ("rule", "n"),
    [
        ("FixedIndegree(k)", 4000),
        ("FixedTotalNumber(n * k)", 4000),
        ("FixedTotalNumber(n * k, multapses=False)", 4000),
        ("FixedTotalNumber(n * n * 2 // 5, multapses=False)", 2300),
        ("PairwiseBernoulli(k / n, autapses=False)", 4000),
        ("AllToAll(autapses=False)", 1400),
    ],
)
def test_bytes_a_synapse(rule: str, n: int) -> None:
    """Two million synapses; half a MB is left for scratch that does not grow with their number."""
    result = subprocess.run([sys.executable, "-c", PROGRAM.format(rule=rule, n=n)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
