"""Counting speed and memory beside SANA-FE on its tutorial network: python -m benchmarks.hardware."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
REPEATS = 5
WORKER = "import sys, benchmarks.hardware as b; print(b.json.dumps(b.{}()))"


def resident_bytes(line: str) -> int:
    """A figure of this process's memory."""
    for text in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if text.startswith(line):
            return 1024 * int(text.split()[1])
    return 0


def ours() -> dict[str, float]:
    """Mapping and all counts of the tutorial's 200 steps, compiled before; the memory that this takes at its peak."""
    from eventsim.hardware.counts import count, place
    from eventsim.hardware.mapping import by_hand
    from tests.hardware.dvs import sanafe_loihi, tutorial_mapping, tutorial_network, tutorial_run

    chip, network, run = sanafe_loihi(), tutorial_network(), tutorial_run()
    core_of = by_hand(network, chip, tutorial_mapping())
    count(run, place(run, chip, core_of))  # compiles
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts again from here
    before, seconds, cpu = resident_bytes("VmRSS:"), [], []
    for _ in range(REPEATS):
        started, busy = time.perf_counter(), time.process_time()
        found = count(run, place(run, chip, core_of))
        seconds.append(time.perf_counter() - started)
        cpu.append(time.process_time() - busy)
    synapses = int(found.placed.reach.synapses.sum())
    description = sum(
        p.rule.sources.nbytes + p.rule.targets.nbytes
        for p in network.projections.values()
        if hasattr(p.rule, "sources")
    )
    return {
        "synapses": synapses,
        "events": found.totals["synaptic_events"],
        "seconds": statistics.median(seconds),
        "cpu_s": statistics.median(cpu),
        "bytes_a_synapse": (resident_bytes("VmHWM:") - before + description) / synapses,
    }


def sanafe() -> dict[str, float]:
    """SANA-FE's own simulation of the same 200 steps, by its simple timing model, which is its quickest."""
    from importlib.resources import files

    import numpy as np
    import sanafe as peer
    import sanafe.layers as layers
    import sanafe.tutorial

    from tests.hardware.dvs import CORES, KERNELS, STEPS

    before = resident_bytes("VmRSS:")
    data, net = np.load(sanafe.tutorial.get_dvs_data()), peer.Network()
    architecture = peer.load_arch(str(files("sanafe.examples") / "loihi.yaml"))
    found = [layers.Input2D(net, 32, 32, threshold=data["thresholds"][0])]
    for k, (_, stride) in enumerate(KERNELS, 1):
        strides = {"stride_width": stride, "stride_height": stride}
        found.append(
            layers.Conv2D(net, found[-1], data[f"conv{k}"], threshold=data["thresholds"][k], **strides)
        )
    found.append(layers.Dense(net, found[-1], 11, data["dense1"], threshold=data["thresholds"][5]))
    for neuron, bias in zip(found[0], data["inputs"], strict=True):
        neuron.set_attributes(model_attributes={"bias": bias})
    cores = iter(architecture.cores())
    for layer, parts in zip(found, CORES, strict=True):
        size = len(layer) // parts
        for part in range(parts):
            core, stop = next(cores), len(layer) if part == parts - 1 else (part + 1) * size
            for number in range(part * size, stop):
                layer[number].map_to_core(core)
    chip = peer.SpikingChip(architecture)
    chip.load(net)
    started, busy = time.perf_counter(), time.process_time()
    told = chip.sim(STEPS, timing_model="simple")
    return {
        "events": told["spikes"],
        "seconds": time.perf_counter() - started,
        "cpu_s": time.process_time() - busy,
        "bytes_a_synapse": (resident_bytes("VmHWM:") - before) / 3_564_441,
    }


def main() -> None:
    """Both in turn, each in a process of its own; the table on standard output."""
    rows: dict[str, dict[str, Any]] = {}
    for name in ("ours", "sanafe"):
        command = [sys.executable, "-c", WORKER.format(name)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            print(f"{name}: not measured (SANA-FE needs the extra sanafe and 4.5 GB of memory)")
            continue
        rows[name] = json.loads(done.stdout.splitlines()[-1])
    print("| | synaptic events / s | the same, CPU time | bytes / synapse at peak |\n|---|---|---|---|")
    for name, row in rows.items():
        speeds = f"{row['events'] / row['seconds']:.3g} | {row['events'] / row['cpu_s']:.3g}"
        print(f"| {name} | {speeds} | {row['bytes_a_synapse']:.1f} |")
    if len(rows) == 2:
        mine, theirs = rows["ours"], rows["sanafe"]
        speed = theirs["cpu_s"] / mine["cpu_s"] * mine["events"] / theirs["events"]
        memory = theirs["bytes_a_synapse"] / mine["bytes_a_synapse"]
        print(f"\n{speed:.0f} times the events a CPU second, 1/{memory:.0f} of the memory a synapse")


if __name__ == "__main__":
    main()
