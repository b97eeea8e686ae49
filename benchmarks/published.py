"""The microcircuit's rates here, on a grid, in NEST and as published: ``python -m benchmarks.published``.

Here twice: with the delays as described, and half a step longer, as they are in effect on the published runs' grid.
`benchmarks.clocked` simulates the very same synapses on a grid.  NEST gets every parameter from our description of the
network and draws for itself.  At full scale NEST takes 10 GB and, on two cores, some minutes a second.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from benchmarks.processes import ROOT, finished, json_lines, last_line
from eventsim.models import LIFExp
from eventsim.network import FixedTotalNumber, Network, Normal, TruncatedNormal
from networks.microcircuit import POPULATIONS, RATES_HZ, REFERENCE_STEP_MS, build

PYTHON = os.environ.get("EVENTSIM_PEERS_PYTHON", sys.executable)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument(
        "--clocked", nargs="*", type=float, metavar="MS", default=[0.1], help="steps of grids (default 0.1)"
    )
    parser.add_argument(
        "--nest",
        nargs="*",
        choices=("grid", "precise"),
        default=[],
        help="which of its neurons (default none)",
    )
    parser.add_argument(
        "--resolution-ms", type=float, default=0.1, help="NEST's grid, and that of its delays"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--transient-ms", type=float, default=200.0)
    parser.add_argument("--timed-ms", type=float, default=1800.0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    run = {name: getattr(options, name) for name in ("transient_ms", "timed_ms")}
    columns = {}
    for seed in options.seeds:
        drawn = {"seed": seed, "scale": options.scale}
        for step in (0.0, REFERENCE_STEP_MS):
            name = f"delays {0.5 * step:g} ms longer" if step else "as described"
            columns[f"{name}, seed {seed}"] = _ours(drawn, run, step, options.threads)
        for step in options.clocked:
            columns[f"grid of {step:g} ms, seed {seed}"] = _clocked(drawn | run | {"resolution_ms": step})
        described_one = described(build(**drawn, reference_step_ms=0.0).network)
        for neurons in options.nest:
            task = run | {"neurons": neurons, "resolution_ms": options.resolution_ms, "seed": seed}
            task["threads"] = options.threads
            columns[f"NEST, {neurons}, seed {seed}"] = _nest(task | described_one)
    print("\n".join(table(columns)))


def table(columns: dict[str, dict[str, float]]) -> list[str]:
    """Lines of Markdown: a row a population, a column a run, at the end what was published."""
    lines = [f"| population | {' | '.join(columns)} | published |", f"|---{'|---' * len(columns)}|---|"]
    for name, (least, most) in zip(POPULATIONS, RATES_HZ, strict=True):
        rates = " | ".join(f"{rates[name]:.3f}" for rates in columns.values())
        lines.append(f"| {name} | {rates} | {least:g} to {most:g} |")
    return lines


def described(network: Network) -> dict[str, Any]:
    """The network as ``nest_microcircuit.py`` reads it: mV, ms, pA, pF, Hz."""
    drives = {drive.target.population.name: drive for drive in network.drives}
    populations = [
        {
            "name": name,
            "size": population.size,
            **_model(population.model),
            "drive_hz": drives[name].rate_hz,
            "drive_weight": drives[name].weight,
        }
        for name, population in network.populations.items()
    ]
    projections = []
    for each in network.projections.values():
        assert isinstance(each.rule, FixedTotalNumber)
        projections.append(
            {
                "source": each.source.population.name,
                "target": each.target.population.name,
                "n": each.rule.n,
                "weight": _bounded(each.weight),
                "delay": _bounded(each.delay),
            }
        )
    return {"populations": populations, "projections": projections}


def _model(model: Any) -> dict[str, Any]:
    assert isinstance(model, LIFExp)
    assert isinstance(model.v_init, Normal)
    parameters = {
        "C_m": model.c_m,
        "tau_m": model.tau_m,
        "E_L": model.e_l,
        "V_th": model.v_th,
        "V_reset": model.v_reset,
        "t_ref": model.t_ref,
        "tau_syn_ex": model.tau_syn_ex,
        "tau_syn_in": model.tau_syn_in,
        "I_e": model.i_e,
    }
    return {"parameters": parameters, "v_init": (model.v_init.mean, model.v_init.std)}


def _bounded(drawn: Any) -> tuple[float, float, float, float]:
    assert isinstance(drawn, TruncatedNormal)
    return drawn.mean, drawn.std, drawn.low, drawn.high


def _ours(drawn: dict[str, Any], run: dict[str, float], step_ms: float, threads: int) -> dict[str, float]:
    task = {
        "measure": "simulate",
        "builder": "networks.microcircuit:build",
        "parameters": {"scale": drawn["scale"], "reference_step_ms": step_ms},
        "seed": drawn["seed"],
        "warm_ms": run["transient_ms"],
        "timed_ms": run["timed_ms"],
        "threads": threads,
    }
    return _rates("eventsim", [sys.executable, "-m", "benchmarks.worker", json.dumps(task)])


def _clocked(task: dict[str, Any]) -> dict[str, float]:
    return _rates("the grid", [sys.executable, "-m", "benchmarks.clocked", json.dumps(task)])


def _nest(task: dict[str, Any]) -> dict[str, float]:
    return _rates("NEST", [PYTHON, str(ROOT / "benchmarks" / "nest_microcircuit.py"), json.dumps(task)])


def _rates(simulator: str, command: list[str]) -> dict[str, float]:
    """What a process printed; the run ends with its last line where it failed."""
    try:
        done = finished(command, ROOT)
    except OSError as error:
        raise SystemExit(f"EVENTSIM_PEERS_PYTHON cannot be run: {error.strerror}") from None
    lines = json_lines(done.stdout)
    if done.returncode or not lines:
        raise SystemExit(f"{simulator} failed: {last_line(done.stderr)}")
    rates: dict[str, float] = lines[-1]["rates_hz"]
    return rates


if __name__ == "__main__":
    main()
