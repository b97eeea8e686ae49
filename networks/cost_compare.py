"""Two networks of equal accuracy on three chips: look-up tables that decide by the order of single spikes, and a
perceptron with spikes (`networks.cost_perceptron`); which of them draws less power, and from what rate on.

A network that reads samples draws the chip's static power, and an energy for each sample: its events and, on a chip
with time steps, the updates of its neurons in the steps that a sample takes; between samples the clock stands still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eventsim.hardware.costing import Cost, cost
from eventsim.hardware.run import run_of
from eventsim.network import Network
from eventsim.recording.results import Results
from networks.cost_perceptron import Spiking, standard_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHIPS = ("loihi", "spinnaker1", "generic45")
TABLES, PERCEPTRON = "look-up tables", "perceptron"


@dataclass(frozen=True)
class Line:
    """Power against rate: static power (W), energy of a sample (J), and the most samples a second that the chip can do:
    by the bound of its time, or one after the other in the model's time where its latencies are not known."""

    watts: float
    joules: float
    most: float

    def at(self, rate: float) -> float:
        """W at so many samples a second."""
        return self.watts + self.joules * rate


def line_of(priced: Cost, samples: int) -> Line:
    """The line of a run that read so many samples."""
    bill, bound = priced.bill, priced.bound
    timed = bound is not None and bound.seconds > 0.0
    seconds = bound.seconds if bound is not None and timed else bill.seconds
    return Line(bill.static_watts, bill.dynamic_joules / samples, samples / seconds)


def crossing(a: Line, b: Line) -> float | None:
    """Samples a second at which both draw the same; None where they never do, or not at a rate both can reach."""
    if a.joules == b.joules:
        return None
    rate = (b.watts - a.watts) / (a.joules - b.joules)
    return rate if 0.0 < rate < min(a.most, b.most) else None


def verdict(tables: Line, ordinary: Line, unit: str = "samples") -> str:
    """Which of two networks draws less power, from how many samples a second on, and by how much."""
    most = min(tables.most, ordinary.most)
    at_rest, at_most = (tables.at(rate) / ordinary.at(rate) for rate in (0.0, most))
    if max(abs(at_rest - 1.0), abs(at_most - 1.0)) < 0.01:
        return f"both draw the same, within a hundredth, up to {most:,.4g} {unit} a second, the most of both"
    equal = crossing(tables, ordinary)
    low, high = (TABLES, PERCEPTRON) if at_rest < 1.0 else (PERCEPTRON, TABLES)
    if equal:
        says = f"{low} below {equal:,.4g} {unit} a second, {high} above"
    else:
        says = f"{TABLES if min(at_rest, at_most) < 1.0 else PERCEPTRON} at any rate"
    return f"{says}: {at_rest:.3g} of the perceptron's power at rest, {at_most:.3g} at {most:,.4g}, the most of both"


@dataclass(frozen=True)
class Comparison:
    """The look-up tables' network and how a raster is read, and the perceptron; both saw the same samples.

    unit: what a sample is called, in the plural.
    """

    network: Network
    read: Callable[[Results], float]
    ordinary: Spiking
    unit: str

    def costs(self, results: Results) -> dict[str, dict[str, Cost]]:
        """Costs by chip and network."""
        runs = {TABLES: run_of(self.network, results), PERCEPTRON: self.ordinary.run}
        return {
            chip: {name: cost(run, chip, "hilbert", chips="auto") for name, run in runs.items()}
            for chip in CHIPS
        }

    def measure(self, results: Results) -> dict[str, Any]:
        """Energy of a sample on each chip, power without any, and the rate at which either network wins."""
        n, ordinary = self.ordinary.samples, self.ordinary
        accuracy, chips = self.read(results), dict[str, Any]()
        for chip, pair in self.costs(results).items():
            lines = {name: line_of(each, n) for name, each in pair.items()}
            chips[chip] = {name: _figures(each, lines[name], n) for name, each in pair.items()}
            chips[chip]["equal_at_a_second"] = crossing(lines[TABLES], lines[PERCEPTRON])
            chips[chip]["verdict"] = verdict(lines[TABLES], lines[PERCEPTRON], self.unit)
        return {
            self.unit: n,
            "accuracy": {TABLES: accuracy, PERCEPTRON: ordinary.accuracy},
            "standard_error": standard_error(accuracy, n),
            "perceptron_hidden_units": ordinary.perceptron.hidden.shape[1],
            "perceptron_spikes_of_a_line": ordinary.spikes,
            "chips": chips,
        }

    def figures(self, results: Results) -> dict[str, Figure]:
        """Power against samples a second, for both networks on each chip."""
        from networks.cost_figure import crossing_figure

        lines = {
            chip: {name: line_of(each, self.ordinary.samples) for name, each in pair.items()}
            for chip, pair in self.costs(results).items()
        }
        return {"cost": crossing_figure(lines, self.unit)}


def _figures(priced: Cost, line: Line, samples: int) -> dict[str, Any]:
    totals = priced.counts.totals
    return {
        "chips": priced.chip.n_chips,
        "cores_used": priced.placed.in_use.cores,
        "footprint_bytes": int(priced.placed.layout.bits.sum()) / 8,
        "synaptic_events_a_sample": totals["synaptic_events"] / samples,
        "read_words_a_sample": totals["sram_read_words"] / samples,
        "microjoules_a_sample": line.joules * 1e6,
        "static_mw": line.watts * 1e3,
        "most_a_second": line.most,
        "unpriced": [name for name, _ in priced.bill.unpriced],
    }
