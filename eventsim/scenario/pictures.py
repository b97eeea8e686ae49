"""Figures as PNG files, each written whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from eventsim.scenario.files import prepare_directory, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results

DPI = 150


def standard_figures(results: Results, names: Iterable[str]) -> Iterator[tuple[str, Figure]]:
    """The library's own figures by name: ``summary``, ``raster``, ``rates``, ``isi``."""
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
    from eventsim import plots

    paths = []
    for name, figure in figures:
        path = folder / f"{name}.png"
        write_whole(path, lambda temporary, figure=figure: plots.save(figure, temporary, dpi=dpi))
        paths.append(path)
    return paths


def draw(raster: Path, folder: Path) -> list[Path]:
    """Draw the raster file ``raster`` into ``folder``: its spikes, rates and inter-spike intervals."""
    from eventsim.recording.raster import open_raster

    prepare_directory(folder)
    with open_raster(raster) as results:
        return save_figures(standard_figures(results, ("raster", "rates", "isi")), folder)
