"""Figures as PNG files, each written whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eventsim.scenario.files import prepare_directory, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results

DPI = 150


def standard_figures(results: Results, names: Iterable[str]) -> Iterator[tuple[str, Figure]]:
    """The library's own figures by name: ``summary``, ``raster``, ``rates``, ``isi``."""
    names = tuple(names)
    if not names:
        return  # without matplotlib's second
    from eventsim import plots

    makers = {
        "summary": plots.summary_figure,
        "raster": plots.raster_figure,
        "rates": plots.rates_figure,
        "isi": plots.isi_figure,
    }
    for name in names:
        yield name, makers[name](results)


def save_figures(figures: Iterable[tuple[str, Figure]], folder: Path, dpi: int = DPI) -> list[Path]:
    """Write ``NAME.png`` for each figure and return the paths."""
    paths = []
    for name, figure in figures:
        from eventsim import plots

        path = folder / f"{name}.png"
        write_whole(path, partial(plots.save, figure, dpi=dpi))
        paths.append(path)
    return paths


def draw(raster: Path, folder: Path) -> list[Path]:
    """Draw the raster file ``raster`` into ``folder``: its spikes, rates and inter-spike intervals."""
    from eventsim.recording.raster_reader import open_raster

    results = open_raster(raster)
    prepare_directory(folder)
    return save_figures(standard_figures(results, ("raster", "rates", "isi")), folder)
