"""Beside SANA-FE on its tutorial network: counting speed and memory, and mappings: python -m benchmarks.hardware.

Loading is what either does once for a mapping (SANA-FE: its chip's `load`; here: which cores each row reaches, and how
rows lie in memory); counting is what it does for a run (SANA-FE: its simulation of the 200 steps).
"""

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
    """Loading and all counts of the tutorial's 200 steps, compiled before; the memory that this takes at its peak."""
    from eventsim.hardware.counts import count, place
    from eventsim.hardware.mapping import by_hand
    from eventsim.network import Explicit
    from tests.hardware.dvs import sanafe_loihi, tutorial_mapping, tutorial_network, tutorial_run

    chip, network, run = sanafe_loihi(), tutorial_network(), tutorial_run()
    core_of = by_hand(network, chip, tutorial_mapping())
    count(run, place(run, chip, core_of))  # compiles
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts again from here
    before, laps = resident_bytes("VmRSS:"), []
    for _ in range(REPEATS):
        clock = [time.process_time()]
        placed = place(run, chip, core_of)
        clock.append(time.process_time())
        found = count(run, placed)
        laps.append((clock[1] - clock[0], time.process_time() - clock[1]))
    synapses = int(found.placed.reach.synapses.sum())
    description = sum(
        p.rule.sources.nbytes + p.rule.targets.nbytes
        for p in network.projections.values()
        if isinstance(p.rule, Explicit)
    )
    return {
        "synapses": synapses,
        "events": found.totals["synaptic_events"],
        "load_s": statistics.median(lap[0] for lap in laps),
        "count_s": statistics.median(lap[1] for lap in laps),
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
    clock = [time.process_time()]
    chip.load(net)
    clock.append(time.process_time())
    told = chip.sim(STEPS, timing_model="simple")
    return {
        "events": told["spikes"],
        "load_s": clock[1] - clock[0],
        "count_s": time.process_time() - clock[1],
        "bytes_a_synapse": (resident_bytes("VmHWM:") - before) / 3_564_441,
    }


def mappings() -> dict[str, tuple[int, int, float]]:
    """Hops by unicast and by tree, and the largest tile's events over the mean, under each mapping of the tutorial's
    network: the tutorial's own on its 32 tiles of four cores, the others on 32 tiles of one core, which for hops holds
    no more than a fair share of the neurons, as all would lie on one."""
    from eventsim.hardware.costing import cost
    from tests.hardware.dvs import sanafe_loihi, tutorial_mapping, tutorial_run

    run, chip = tutorial_run(), sanafe_loihi()
    tiles = chip.model_copy(
        update={
            "mesh": chip.mesh.model_copy(update={"cores_per_tile": 1, "numbering": "rows"}),
            "core": chip.core.model_copy(update={"neurons": None}),
        }
    )
    narrow = tiles.model_copy(update={"core": chip.core.model_copy(update={"neurons": 600})})
    found = {
        "the tutorial's": cost(run, chip, tutorial_mapping(), check_capacity=False),
        "equal parts in order": cost(run, tiles, "contiguous", spread="even"),
        "equal parts along a Hilbert curve": cost(run, tiles, "hilbert", spread="even"),
        "hypergraph, for hops": cost(run, narrow, "hypergraph", objective="hops"),
        "hypergraph, for load": cost(run, tiles, "hypergraph", objective="load"),
    }
    rows = {}
    for name, each in found.items():
        events = each.counts.per_tile("synaptic_events")
        balance = float(events.max() / events.mean())
        rows[name] = each.counts.hops_unicast, each.counts.hops_multicast, balance
    return rows


def main() -> None:
    """Both in turn, each in a process of its own, then the mappings; the tables on standard output."""
    rows: dict[str, dict[str, Any]] = {}
    for name in ("ours", "sanafe"):
        command = [sys.executable, "-c", WORKER.format(name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            why = done.stderr.strip().splitlines()[-1:] or ["no output"]
            print(f"{name}: not measured: {why[0]} (SANA-FE needs the extra sanafe and 4.5 GB of memory)")
            continue
        rows[name] = json.loads(done.stdout.splitlines()[-1])
    print(
        "| CPU time | load (s) | count (s) | synaptic events / s, counting | with loading | bytes / synapse at peak |"
    )
    print("|---|---|---|---|---|---|")
    for name, row in rows.items():
        both = row["load_s"] + row["count_s"]
        speeds = f"{row['events'] / row['count_s']:.3g} | {row['events'] / both:.3g}"
        times = f"{row['load_s']:.3f} | {row['count_s']:.4f}"
        print(f"| {name} | {times} | {speeds} | {row['bytes_a_synapse']:.1f} |")
    if len(rows) == 2:
        mine, theirs = rows["ours"], rows["sanafe"]
        counting = theirs["count_s"] / mine["count_s"]
        both = (theirs["load_s"] + theirs["count_s"]) / (mine["load_s"] + mine["count_s"])
        memory = theirs["bytes_a_synapse"] / mine["bytes_a_synapse"]
        print(
            f"\ncounting {counting:.0f} times, with loading {both:.0f} times as fast; 1/{memory:.0f} of the memory"
        )
    print(
        "\n| mapping on 8 x 4 tiles | hops, unicast | hops, tree | events, largest / mean tile |\n|---|---|---|---|"
    )
    for name, (unicast, tree, balance) in mappings().items():
        print(f"| {name} | {unicast:,} | {tree:,} | {balance:.2f} |", flush=True)


if __name__ == "__main__":
    main()
