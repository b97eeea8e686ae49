"""The published SONATA example of 300 integrate-and-fire neurons, compared with its published spikes.

Allen Institute, github.com/AllenInstitute/sonata, examples/300_intfire (format: Dai et al., PLoS Computational Biology
16, e1007696, 2020): NEURON's IntFire1 cells, driven by the recorded spikes of two virtual populations.
"""

from __future__ import annotations

import csv
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from eventsim.errors import FileFormatError
from eventsim.models import LIF
from eventsim.network import Explicit, Network, SpikeTrains
from eventsim.recording.results import Results
from eventsim.scenario.data import data_path
from eventsim.scenario.experiment import Experiment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DATA = "sonata_300_intfire"
ORIGIN = (
    "github.com/AllenInstitute/sonata, examples/300_intfire with its shared_components inside, named " + DATA
)
NEURONS, INPUTS = "v1", ("lgn", "tw")
MATCH_MS = 1e-9


class Published(NamedTuple):
    """Spikes in order of (id, time): `times` (n,) in ms, `ids` (n,)."""

    times: NDArray[np.float64]
    ids: NDArray[np.int64]


class Comparison(NamedTuple):
    """The k-th spike of each neuron beside its k-th published one: ids and both times (ms), each (pairs,)."""

    ids: NDArray[np.int64]
    ours_ms: NDArray[np.float64]
    published_ms: NDArray[np.float64]


def build(*, seed: int) -> Experiment:
    """The network, its input and its length as the files say; nothing in it is random.

    An IntFire1 cell decays to 0, takes each arrival's weight, fires above 1 (tested after each arrival, since
    inhibition arrives at the same instants) and then loses what arrives during its refractory time.  The weight of an
    edge is its type's syn_weight, with the sign of its synapse model, times its number of synapses.

    Raises `MissingDataError` without the data, `FileFormatError` for files that are not these.
    """
    folder = data_path(DATA, origin=ORIGIN, beside=__file__)
    network = Network(seed)
    try:
        _add_neurons(network, folder)
        for name in INPUTS:
            size = len(_node_types(folder, name))
            network.source(name, _input_spikes(folder / "inputs" / f"{name}_spikes.h5", size))
        for name in (*INPUTS, NEURONS):
            _connect(network, folder, name)
        duration_ms = float(_json(folder / "simulation_config.json")["run"]["tstop"])
        published = read_published(folder / "output" / "spikes.h5")
    except (OSError, KeyError, ValueError) as error:
        raise FileFormatError(f"{folder}: not the files of {ORIGIN}: {error}") from error
    return Experiment(
        network,
        duration_ms,
        measure=partial(agreement, published=published),
        figures=partial(_figures, published=published),
    )


def read_published(path: Path) -> Published:
    """The published output in ``output/spikes.h5``."""
    with h5py.File(path) as file:
        spikes = file["spikes"][NEURONS]
        times, ids = spikes["timestamps"][:], spikes["node_ids"][:].astype(np.int64)
    order = np.lexsort((times, ids))
    return Published(times[order], ids[order])


def compare(results: Results, published: Published) -> Comparison:
    """Pair our spikes with the published ones of the same neuron and rank, up to the end of the run."""
    raster = results.spikes(NEURONS)
    order = np.lexsort((raster.times, raster.ids))
    shown = published.times <= results.duration_ms
    ours = _ranked(raster.ids[order])
    theirs = _ranked(published.ids[shown])
    _, mine, yours = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    return Comparison(raster.ids[order][mine], raster.times[order][mine], published.times[shown][yours])


def agreement(results: Results, published: Published) -> dict[str, Any]:
    """Metrics: published spikes up to the end of the run, how many of them are ours to within 1e-9 ms, and the largest
    difference in ms."""
    pairs = compare(results, published)
    difference = np.abs(pairs.ours_ms - pairs.published_ms)
    return {
        "spikes": results.spike_count(NEURONS),
        "published_spikes": int((published.times <= results.duration_ms).sum()),
        "matched": int((difference < MATCH_MS).sum()),
        "largest_difference_ms": float(difference.max()) if difference.size else None,
    }


def _ranked(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for (id, how manieth of this id), of sorted ids."""
    first = np.searchsorted(ids, ids)
    return ids * 2**32 + np.arange(ids.size) - first


def _add_neurons(network: Network, folder: Path) -> None:
    """IntFire1 cells: times in the files are in s."""
    types = _table(folder / "network" / f"{NEURONS}_node_types.csv", "node_type_id")
    cells = {
        each: _json(folder / "shared_components" / "point_neuron_models_dir" / row["dynamics_params"])
        for each, row in types.items()
    }
    of_node = _node_types(folder, NEURONS)
    tau, refractory = (
        np.array([1e3 * cells[each][key] for each in of_node.tolist()]) for key in ("tau", "refrac")
    )
    model = LIF(tau_m=tau, t_ref=refractory, e_l=0.0, v_th=1.0, v_reset=0.0, test="arrival")
    network.population(NEURONS, of_node.size, model)


def _connect(network: Network, folder: Path, source: str) -> None:
    """The edges from `source` to the neurons."""
    types = _table(folder / "network" / f"{source}_{NEURONS}_edge_types.csv", "edge_type_id")
    models = folder / "shared_components" / "synaptic_models"
    weight_of = {
        each: float(row["syn_weight"]) * _json(models / row["dynamics_params"])["sign"]
        for each, row in types.items()
    }
    with h5py.File(folder / "network" / f"{source}_{NEURONS}_edges.h5") as file:
        edges = file["edges"][f"{source}_to_{NEURONS}"]
        sources, targets = edges["source_node_id"][:], edges["target_node_id"][:]
        of_edge, nsyns = edges["edge_type_id"][:].tolist(), edges["0"]["nsyns"][:]
    weights = np.array([weight_of[each] for each in of_edge]) * nsyns
    delays = np.array([float(types[each]["delay"]) for each in of_edge])
    common = bool((delays == delays[0]).all())
    network.connect(
        source, NEURONS, Explicit(sources, targets), weights, float(delays[0]) if common else delays
    )


def _input_spikes(path: Path, size: int) -> SpikeTrains:
    """Spikes in the example's older layout, which has ``gids`` and no populations."""
    with h5py.File(path) as file:
        times, ids = file["spikes"]["timestamps"][:], file["spikes"]["gids"][:].astype(np.int64)
    order = np.argsort(times, kind="stable")
    return SpikeTrains(times[order], ids[order], size)


def _node_types(folder: Path, name: str) -> NDArray[np.int64]:
    """The type of each node of a population, in order of node_id, which is its index."""
    with h5py.File(folder / "network" / f"{name}_nodes.h5") as file:
        nodes = file["nodes"][name]
        ids, types = nodes["node_id"][:].astype(np.int64), nodes["node_type_id"][:].astype(np.int64)
    ordered: NDArray[np.int64] = np.empty_like(types)
    ordered[ids] = types
    return ordered


def _table(path: Path, key: str) -> dict[int, dict[str, str]]:
    """The rows of a table of types by the number in the column `key`."""
    with open(path, newline="", encoding="utf-8") as file:
        return {int(row[key]): row for row in csv.DictReader(file, delimiter=" ")}


def _json(path: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parsed


def _figures(results: Results, published: Published) -> dict[str, Figure]:
    """Both rasters over each other, and the difference of each pair in time."""
    from eventsim.plots import style

    pairs, raster = compare(results, published), results.spikes(NEURONS)
    with style.styled_figure(9.0, 6.0) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1.0))
        top.plot(
            published.times,
            published.ids,
            "o",
            ms=3.5,
            mfc="none",
            mew=0.6,
            color=style.MUTED,
            label="published",
        )
        top.plot(raster.times, raster.ids, ".", ms=1.5, color=style.PALETTE[1], label="eventsim")
        top.set(
            ylabel="neuron", xlim=(0.0, results.duration_ms), title=f"{len(published.ids):,} published spikes"
        )
        top.legend(loc="upper right", ncols=2, bbox_to_anchor=(1.0, 1.1))
        bottom.plot(
            pairs.published_ms, pairs.ours_ms - pairs.published_ms, ".", ms=2.0, color=style.PALETTE[0]
        )
        bottom.set(xlabel="time (ms)", ylabel="difference (ms)")
    return {"comparison": figure}
