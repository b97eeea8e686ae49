"""The microcircuit in NEST: run by `benchmarks.published` with the Python that has NEST, never imported.

The argument is a JSON object: the description that `benchmarks.published` makes of our network, so that every parameter
has one source, and how to run it.  Prints a line of JSON.
"""

import json
import math
import sys
import time
from typing import Any

import nest

MODELS = {
    "grid": ("iaf_psc_exp", "poisson_generator"),
    "precise": ("iaf_psc_exp_ps_lossless", "poisson_generator_ps"),
}
UNBOUNDED = 1e12  # NEST takes no infinity


def bounded(mean: float, std: float, low: float, high: float) -> Any:
    """A normal number, drawn again until it lies within the bounds."""
    low, high = (max(-UNBOUNDED, min(UNBOUNDED, bound)) for bound in (low, high))
    return nest.math.redraw(nest.random.normal(mean, std), min=low, max=high)


def connect(source: Any, target: Any, projection: dict[str, Any], resolution: float) -> None:
    mean, std, low, _ = projection["delay"]
    nest.Connect(
        source,
        target,
        {"rule": "fixed_total_number", "N": projection["n"]},
        {
            # a kind of synapses holds 134 million at most
            "synapse_model": f"onto_{projection['target']}",
            "weight": bounded(*projection["weight"]),
            # NEST rounds to its grid, so what is rounded up to the least delay belongs to it
            "delay": bounded(mean, std, low - 0.5 * resolution, math.inf),
        },
    )


def main() -> None:
    task = json.loads(sys.argv[1])
    neurons, drive = MODELS[task["neurons"]]
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = task["resolution_ms"]
    nest.rng_seed = task["seed"]
    nest.local_num_threads = task["threads"]
    started = time.perf_counter()
    cells, recorders = {}, {}
    for each in task["populations"]:
        name, parameters, (mean, std) = each["name"], each["parameters"], each["v_init"]
        cells[name] = nest.Create(neurons, each["size"], parameters)
        # a precise neuron may not begin above its threshold; what it begins with is over before counting begins
        cells[name].V_m = bounded(mean, std, -math.inf, parameters["V_th"] - 0.1)
        recorders[name] = nest.Create("spike_recorder", params={"start": task["transient_ms"]})
        nest.Connect(cells[name], recorders[name])
        nest.CopyModel("static_synapse_hpc", f"onto_{name}")
        source = nest.Create(drive, params={"rate": each["drive_hz"]})
        nest.Connect(source, cells[name], syn_spec={"weight": each["drive_weight"], "delay": 1.5})
    for projection in task["projections"]:
        connect(cells[projection["source"]], cells[projection["target"]], projection, task["resolution_ms"])
    built = time.perf_counter()
    nest.Simulate(task["transient_ms"] + task["timed_ms"])
    ended = time.perf_counter()
    rates = {
        name: 1e3 * recorder.n_events / (len(cells[name]) * task["timed_ms"])
        for name, recorder in recorders.items()
    }
    print(json.dumps({"rates_hz": rates, "build_s": built - started, "run_s": ended - built}))


main()
