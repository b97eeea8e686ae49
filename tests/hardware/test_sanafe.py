"""Side by side with SANA-FE (the extra ``sanafe``): the same packets, hops and synaptic events."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eventsim.hardware.costing import cost
from eventsim.hardware.run import Run
from eventsim.models import IF
from eventsim.network import Explicit, Network
from tests.hardware.dvs import CORES, HERE, KERNELS, SIZES, STEPS, sanafe_loihi

sanafe = pytest.importorskip(
    "sanafe", reason='the package sanafe is not installed: pip install "eventsim[sanafe]"'
)
pytest.importorskip("yaml", reason="SANA-FE's tutorial module needs pyyaml")


def _architecture() -> Any:
    return sanafe.load_arch(str(files("sanafe.examples") / "loihi.yaml"))


@pytest.mark.parametrize("seed", range(8))
def test_random_networks(seed: int) -> None:
    """Random synapses, multapses included, and random cores of Loihi's 128; it fires what it is told to by biases."""
    draw = np.random.default_rng(seed)
    n, steps = int(draw.integers(2, 30)), 20
    pairs = draw.integers(0, n, (int(draw.integers(1, 120)), 2))
    pairs = np.unique(pairs, axis=0)
    core_of = draw.integers(0, 128, n)
    theirs, architecture = sanafe.Network(), _architecture()
    group = theirs.create_neuron_group("cells", n, model_attributes={"threshold": 10.0})
    cores = architecture.cores()
    for i in range(n):
        group[i].set_attributes(log_spikes=True, model_attributes={"bias": float(draw.integers(0, 8))})
        group[i].map_to_core(cores[int(core_of[i])])
    for i, j in pairs.tolist():
        group[i].connect_to_neuron(group[j], {"weight": float(draw.integers(-2, 5))})
    chip = sanafe.SpikingChip(architecture)
    chip.load(theirs)
    told = chip.sim(steps, spike_trace=True, perf_trace=True)
    fired = np.array(
        [int(str(each).rpartition(".")[2]) for step in told["spike_trace"] for each in step], np.int64
    )
    network = Network()
    cells = network.population("cells", n, IF())
    network.connect(cells, cells, Explicit(pairs[:, 0], pairs[:, 1]), delay=0.0)
    run = Run(network, np.bincount(fired, minlength=n), float(steps))
    found = cost(run, sanafe_loihi(), {"cells": {"neurons": core_of}}, check_capacity=False)
    assert fired.size
    assert found.counts.totals["spikes"] == told["neurons_fired"]
    assert found.counts.totals["synaptic_events"] == told["spikes"]
    assert found.counts.totals["packets"] == told["packets_sent"]
    assert found.counts.hops_unicast == sum(told["perf_trace"]["hops"])
    network_joules = sum(p.joules for p in found.bill.parts if p.price.of != "synaptic_events")
    assert network_joules == pytest.approx(told["energy"]["network"], rel=1e-9, abs=1e-18)


def _free_gigabytes() -> float:
    path = Path("/proc/meminfo")
    if not path.exists():
        return 0.0
    line = next(each for each in path.read_text().splitlines() if each.startswith("MemAvailable"))
    return int(line.split()[1]) / 2**20


@pytest.mark.slow
@pytest.mark.skipif(_free_gigabytes() < 8.0, reason="SANA-FE takes 4.5 GB for its tutorial network")
def test_the_tutorial_network_itself() -> None:
    """Its own spikes are those that dvs_spike_counts.npz keeps."""
    import sanafe.layers as layers
    import sanafe.tutorial

    data = np.load(sanafe.tutorial.get_dvs_data())
    net, architecture = sanafe.Network(), _architecture()
    found = [layers.Input2D(net, 32, 32, threshold=data["thresholds"][0])]
    for k, (_, stride) in enumerate(KERNELS, 1):
        strides = {"stride_width": stride, "stride_height": stride}
        found.append(
            layers.Conv2D(net, found[-1], data[f"conv{k}"], threshold=data["thresholds"][k], **strides)
        )
    found.append(layers.Dense(net, found[-1], 11, data["dense1"], threshold=data["thresholds"][5]))
    assert tuple(map(len, found)) == SIZES
    for neuron, bias in zip(found[0], data["inputs"], strict=True):
        neuron.set_attributes(model_attributes={"bias": bias})
    cores, first = iter(architecture.cores()), {}
    for layer, parts in zip(found, CORES, strict=True):
        size = len(layer) // parts
        for part in range(parts):
            core, stop = next(cores), len(layer) if part == parts - 1 else (part + 1) * size
            for k in range(part * size, stop):
                layer[k].set_attributes(log_spikes=True)
                layer[k].map_to_core(core)
    for layer, start in zip(found, np.cumsum((0, *SIZES)), strict=False):
        name = re.search(r"(\w+)\.0", str(layer[0]))  # "group.0", or in a text about it
        assert name
        first[name[1]] = int(start)
    chip = sanafe.SpikingChip(architecture)
    chip.load(net)
    told = chip.sim(STEPS, spike_trace=True)
    assert (told["neurons_fired"], told["spikes"], told["packets_sent"]) == (65_244, 9_272_065, 443_672)
    counts = np.zeros(sum(SIZES), np.int64)
    for step in told["spike_trace"]:
        for each in step:
            group, _, number = str(each).rpartition(".")
            counts[first[group] + int(number)] += 1
    np.testing.assert_array_equal(counts, np.load(HERE / "dvs_spike_counts.npz")["counts"])
