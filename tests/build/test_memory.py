"""The promised size of a synapse while a table is built: the peak of a process that has compiled before."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
from dataclasses import dataclass
from eventsim.build.synapses import build_synapses
from eventsim.network import *

@dataclass(frozen=True)
class Cell(Model):
    pass

def build(n, k, **values):
    network = Network(1)
    cells = network.population("cells", n, Cell())
    return build_synapses(network, network.connect(cells, cells, {rule}, **values))

def memory(line):
    return 1024 * int(next(text for text in open("/proc/self/status") if text.startswith(line)).split()[1])

for values, budget in (({{}}, 12.0), (dict(weight=Uniform(0, 1), delay=Uniform(1, 20)), 20.0)):
    build(20, 5, **values)
    open("/proc/self/clear_refs", "w").write("5")  # the peak starts again from here
    before = memory("VmRSS")
    table = build(4000, 500, **values)
    used = (memory("VmHWM") - before) / table.targets.size
    assert used <= budget + 0.5, (values, used)
    del table
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is read")
@pytest.mark.parametrize("rule", ["FixedIndegree(k)", "FixedTotalNumber(n * k, multapses=False)"])
def test_bytes_a_synapse(rule: str) -> None:
    """Two million synapses; half a byte each is left for scratch that does not grow with their number."""
    result = subprocess.run([sys.executable, "-c", PROGRAM.format(rule=rule)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
