"""A sweep's table again, finished or not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from eventsim.sweep import manifest as folder_of
from eventsim.sweep.journal import read_journal
from eventsim.sweep.manifest import Manifest, read_manifest, sources_digest
from eventsim.sweep.plan import Dimension, Plan
from eventsim.sweep.point import document_of, point_key
from eventsim.sweep.table import Table, make_table


def open_sweep(path: str | os.PathLike[str]) -> Table:
    """The table in a sweep's folder, or in its file ``sweep.h5``.

    Of a sweep that was interrupted, or still runs, the points so far.  Raises ``FileFormatError``.
    """
    from eventsim.sweep.table_files import read_hdf5

    path = Path(path)
    if not path.is_dir():
        return read_hdf5(path)
    if (path / folder_of.TABLE).exists():
        return read_hdf5(path / folder_of.TABLE)
    manifest = read_manifest(path)
    plan = planned(manifest)
    sources, rasters = sources_digest(manifest), bool(manifest["rasters"])
    rows = read_journal(path / folder_of.JOURNAL)
    done = []
    for settings in plan.points():
        key = point_key(document_of(manifest["scenario"], settings), sources, rasters)
        if key in rows:
            done.append((settings, rows[key]))
    return make_table(
        [settings for settings, _ in done],
        [row for _, row in done],
        manifest["scenario"].get("seed", 0),
        header(manifest),
    )


def is_sweep(path: Path) -> bool:
    """Whether this is a sweep's folder or its table."""
    from eventsim.sweep.table_files import is_table

    return (path / folder_of.MANIFEST).is_file() if path.is_dir() else is_table(path)


def figure_settings(path: Path) -> dict[str, Any]:
    """The metrics to draw and the levels to mark, as the scenario said; empty for a table without its folder."""
    folder = path if path.is_dir() else path.parent
    if not (folder / folder_of.MANIFEST).is_file():
        return {}
    return dict(read_manifest(folder).get("figures", {}))


def header(manifest: Manifest) -> dict[str, Any]:
    """What of a manifest the table carries."""
    return {key: value for key, value in manifest.items() if key != "figures"}


def planned(described: Manifest) -> Plan:
    """The plan that a manifest or a table's header describes."""
    return Plan(
        tuple(
            Dimension(tuple(each["keys"]), tuple(map(tuple, each["values"])), each["sampled"])
            for each in described["dimensions"]
        )
    )
