"""Figures as PNG files, each written whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eventsim.files import write_whole
from eventsim.scenario.files import prepare_directory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results


def standard_figures(results: Results, names: Iterable[str]) -> Iterator[tuple[str, Figure]]:
    """The library's own figures by name: ``summary``, ``raster``, ``rates``, ``isi``, ``states``."""
    names = tuple(names)
    if not names:
        return  # without the second that matplotlib takes
    from eventsim.plots import figures

    makers = {
        "summary": figures.summary_figure,
        "raster": figures.raster_figure,
        "rates": figures.rates_figure,
        "isi": figures.isi_figure,
        "states": figures.states_figure,
    }
    for name in names:
        yield name, makers[name](results)


def save_figures(figures: Iterable[tuple[str, Figure]], folder: Path) -> list[Path]:
    """Write ``NAME.png`` for each figure and return the paths."""
    paths = []
    for name, figure in figures:
        from eventsim.plots.figures import save

        path = folder / f"{name}.png"
        write_whole(path, partial(save, figure))
        paths.append(path)
    return paths


def draw(raster: Path, folder: Path) -> list[Path]:
    """Draw the raster file ``raster`` into ``folder``: spikes, rates, inter-spike intervals, and any state traces."""
    from eventsim.recording.raster_reader import open_raster

    results = open_raster(raster)
    prepare_directory(folder)
    names = ["raster", "rates", "isi", *(["states"] if results.recorders else [])]
    return save_figures(standard_figures(results, names), folder)
