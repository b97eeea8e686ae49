"""Figures: drawn, not blank, from memory and from files, for full and for empty runs."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from eventsim.plots import figures, style
from eventsim.plots.statistics import activity, coefficient_of_variation, early_intervals, shown_window
from eventsim.recording.memory import MemorySink
from eventsim.recording.raster_reader import open_raster
from eventsim.recording.raster_writer import RasterWriter
from eventsim.recording.results import Results, StateRecorder

ALL = [
    figures.raster_figure,
    figures.rates_figure,
    figures.isi_figure,
    figures.states_figure,
    figures.summary_figure,
]
POPULATIONS = [("excitatory", 0, 80), ("inhibitory", 80, 20)]
RECORDERS = (StateRecorder("excitatory", "v", np.arange(12), np.arange(100.0), "mV"),)


def poisson_run(spikes: int = 5_000, duration_ms: float = 100.0) -> Results:
    random = np.random.default_rng(3)
    sink = MemorySink(POPULATIONS, RECORDERS)
    sink.spikes(
        np.sort(random.uniform(0.0, duration_ms, spikes)), random.integers(0, 100, spikes).astype(np.uint32)
    )
    sink.states(0, np.arange(100.0), random.normal(size=(100, 12)))
    return sink.results(duration_ms)


@pytest.mark.parametrize("make", ALL)
def test_figures_are_drawn(tmp_path: Path, make: Callable[[Results], Figure]) -> None:
    figure = make(poisson_run())
    path = figures.save(figure, tmp_path / "folder" / "figure.png")
    picture = matplotlib.image.imread(path)
    width, height = figure.get_size_inches()
    assert picture.shape[:2] == (round(height * 150), round(width * 150))
    ink = np.mean(picture[..., :3].min(axis=2) < 0.9)
    assert 0.005 < ink < 0.9
    again = figures.save(make(poisson_run()), tmp_path / "again.png")
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("make", ALL)
def test_empty_runs_have_figures_too(tmp_path: Path, make: Callable[[Results], Figure]) -> None:
    for results in (MemorySink(POPULATIONS).results(100.0), MemorySink([]).results(0.0)):
        assert figures.save(make(results), tmp_path / "empty.png").stat().st_size > 1_000


def test_the_raster_ends_at_a_million_spikes_and_says_so() -> None:
    figure = figures.raster_figure(poisson_run(2_500_000, 1_000.0))
    (axes,) = figure.axes
    assert axes.get_xlim() == (0.0, 200.0)
    assert any("0 to 200 of 1000 ms" in text.get_text() for text in axes.texts)
    assert sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() == ",") > 400_000


def test_a_dense_window_is_thinned_and_says_so() -> None:
    figure = figures.raster_figure(poisson_run(2_500_000, 1_000.0), 0.0, 1_000.0)
    assert any("1 spike in 3 shown" in text.get_text() for text in figure.axes[0].texts)


def test_the_axis_of_a_trace_has_its_unit() -> None:
    assert figures.states_figure(poisson_run()).axes[0].get_ylabel() == "v (mV)"


def test_files_and_memory_give_the_same_picture(tmp_path: Path) -> None:
    results = poisson_run()
    with RasterWriter(tmp_path / "raster.h5", POPULATIONS) as writer:
        table = results.to_pandas().sort_values("time_ms", kind="stable")
        first = np.where(table["population"] == "inhibitory", 80, 0)
        writer.spikes(table["time_ms"].to_numpy(), (table["neuron"] + first).to_numpy(dtype=np.uint32))
        writer.close({}, results.duration_ms)
    one = figures.save(figures.summary_figure(results), tmp_path / "memory.png")
    other = figures.save(figures.summary_figure(open_raster(tmp_path / "raster.h5")), tmp_path / "file.png")
    assert one.read_bytes() == other.read_bytes()


def test_rates_add_up_to_the_spikes() -> None:
    results = poisson_run(3_000_000, 730.0)
    measured = activity(results, "excitatory")
    spikes = np.sum(measured.rates_hz * np.diff(measured.edges_ms)) * 80 / 1e3
    assert spikes == pytest.approx(results.spike_count("excitatory"))
    assert measured.neuron_rates_hz.mean() == pytest.approx(results.rate_hz("excitatory"))
    assert measured.edges_ms[-1] == 730.0
    assert early_intervals(results, "excitatory").until_ms == 200.0
    assert shown_window(results, spikes=1_000_000) == 200.0
    assert shown_window(results, spikes=3_000_000) == 730.0


def test_coefficient_of_variation() -> None:
    neurons = np.array([0, 0, 0, 1, 1, 1, 2])
    intervals = np.array([2.0, 2.0, 2.0, 1.0, 2.0, 3.0, 9.0])
    expected = (0.0 + math.sqrt(2.0 / 3.0) / 2.0) / 2.0
    assert coefficient_of_variation(intervals, neurons) == pytest.approx(expected)
    assert math.isnan(coefficient_of_variation(intervals[:2], neurons[:2]))
    assert math.isnan(coefficient_of_variation(np.empty(0), np.empty(0, dtype=np.int64)))


@pytest.mark.parametrize("high", [9.0, 15.0, 60.0, 8e3, 8e6])
def test_a_logarithmic_axis_has_a_few_plain_numbers(high: float) -> None:
    with style.styled_figure(4.0, 3.0) as figure:
        axes = figure.add_subplot()
        axes.set(xscale="log", xlim=(8.0, high))
        style.ticks_of_log_axis(axes.xaxis, 8.0, high)
        figure.canvas.draw()
    shown = [label.get_text() for label in axes.get_xticklabels() if 8.0 <= label.get_position()[0] <= high]
    assert 2 <= len(shown) <= 9
    assert not any("$" in text for text in shown)


def test_matplotlib_comes_with_the_first_figure_and_pyplot_never() -> None:
    program = """
import sys
from eventsim.plots import figures
assert "matplotlib" not in sys.modules
from eventsim.recording.memory import MemorySink
figures.summary_figure(MemorySink([("a", 0, 1)]).results(1.0))
assert "matplotlib" in sys.modules and "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
