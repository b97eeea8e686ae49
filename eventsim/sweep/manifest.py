"""What a sweep's folder is a sweep of: written when it starts, compared when it goes on."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventsim.errors import FileFormatError, shown
from eventsim.files import write_whole
from eventsim.scenario.problems import ScenarioError
from eventsim.sweep.plan import Plan
from eventsim.version import __version__

if TYPE_CHECKING:
    from eventsim.scenario.builder import Builder

FORMAT = "eventsim sweep"
MANIFEST, JOURNAL, TABLE, PARQUET, RASTERS = (
    "sweep.json",
    "points.jsonl",
    "sweep.h5",
    "sweep.parquet",
    "rasters",
)

Manifest = dict[str, Any]


def make_manifest(document: Mapping[str, Any], plan: Plan, builder: Builder, rasters: bool) -> Manifest:
    """The scenario, the dimensions, and the code that the points depend on, as JSON holds them."""
    drawn = {key: document["sweep"][key] for key in ("draw", "levels")}
    scenario = {key: value for key, value in document.items() if key not in ("sweep", "plot")}
    manifest = {
        "format": FORMAT,
        "eventsim": __version__,
        "scenario": scenario,
        "dimensions": plan.described(),
        "rasters": rasters,
        "sources": dict(_sources(builder)),
        "figures": drawn,
    }
    return json.loads(json.dumps(manifest, default=str))  # type: ignore[no-any-return]


def sources_digest(manifest: Manifest) -> str:
    """One text for the version and the code."""
    return json.dumps([manifest["eventsim"], manifest["sources"]], sort_keys=True)


def read_manifest(folder: Path) -> Manifest:
    """The manifest in ``folder``.  Raises ``FileFormatError`` where there is none."""
    path = folder / MANIFEST
    if not path.is_file():
        raise FileFormatError(f"{folder}: is no sweep, it has no {MANIFEST}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise FileFormatError(f"{path}: is not the description of a sweep")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into ``folder``, whole or not at all."""
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    write_whole(folder / MANIFEST, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def refuse_another(folder: Path, manifest: Manifest) -> None:
    """Raise ``ScenarioError`` if ``folder`` holds another sweep, naming what differs.  Figures may differ."""
    if not (folder / MANIFEST).exists():
        return
    there = read_manifest(folder)
    for key in ("scenario", "dimensions", "rasters", "sources", "eventsim"):
        difference = next(_differences(there.get(key), manifest[key], key), None)
        if difference is not None:
            raise ScenarioError(
                f"{folder} holds the sweep of another scenario ({difference}); --out DIR for a new folder, or --force "
                f"to go on here and keep only the points that are still wanted"
            )


def _differences(there: Any, here: Any, where: str) -> Iterator[str]:
    if isinstance(there, dict) and isinstance(here, dict):
        for key in [*there, *(key for key in here if key not in there)]:
            name = key if where in ("scenario", "sources") else f"{where}.{key}"
            yield from _differences(there.get(key), here.get(key), name)
    elif where == "dimensions" and isinstance(there, list) and isinstance(here, list):
        names = [
            " x ".join("+".join(each["keys"]) + f" ({len(each['values'])})" for each in side)
            for side in (there, here)
        ]
        if names[0] != names[1]:
            yield f"varied: {names[0]} there, {names[1]} here"
        elif there != here:
            yield f"varied: other values of {names[0]}"
    elif there != here:
        told = "changed" if where.endswith(".py") else f"{shown(there)} there, {shown(here)} here"
        yield f"{where}: {told}"


def _sources(builder: Builder) -> Iterator[tuple[str, str]]:
    """Name and digest of the builder's file and of those beside and above it that it has imported.

    The library's own code is told by its version, installed packages are taken to stay.
    """
    package = builder.__module__.partition(".")[0]
    own = sys.modules[builder.__module__].__file__
    if package == "eventsim" or own is None:
        return
    root = Path(own).resolve().parents[builder.__module__.count(".")]
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not file or not file.endswith(".py") or module.__name__.partition(".")[0] == "eventsim":
            continue
        path = Path(file).resolve()
        if (
            path.is_relative_to(root)
            and "site-packages" not in path.parts
            and _is_related(path, root, package, own)
        ):
            yield str(path.relative_to(root)), hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def _is_related(path: Path, root: Path, package: str, own: str) -> bool:
    """Whether a loaded file can be one that the builder imports: of its package, or a script's neighbour."""
    return path.is_relative_to(root / package) or Path(own).parent == root == path.parent or path == Path(own)
