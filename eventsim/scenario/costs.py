"""The command `eventsim cost`: a raster, with the table [hardware] that it was run with, priced and drawn."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventsim.files import write_whole
from eventsim.scenario.files import prepare_directory, to_json
from eventsim.scenario.problems import ScenarioError, explain

if TYPE_CHECKING:
    from eventsim.hardware.costing import Cost
    from eventsim.hardware.run import Run
    from eventsim.scenario.schema import Hardware

FOLDER = "cost"


@dataclass
class Priced:
    """What pricing left: the document, the lines of the report, the files written."""

    document: dict[str, Any]
    lines: list[str]
    files: list[Path] = field(default_factory=list)


def price_raster(
    path: Path,
    options: Mapping[str, Any],
    mappings: Sequence[str] = (),
    folder: Path | None = None,
    *,
    packets: bool = False,
    feedback: bool = False,
) -> Priced:
    """Price the run in `path` and write report.txt, cost.json, tiles.csv, links.csv and figures into `folder`.

    options: keys of the table [hardware], over those of the raster's own scenario.  mappings: by default that of the
    table; the first is reported, the others are compared with it.  packets: simulate the mesh packet by packet.
    feedback: also run the network again with the latencies found as delays.

    Raises ScenarioError for a wrong option, and what `eventsim.hardware.costing.cost` raises.
    """
    from eventsim.hardware.run import read_run

    run = read_run(path)
    settings = (run.results.metadata.get("settings") or {}) if run.results is not None else {}
    table = _table(settings.get("hardware") or {}, options)
    target = path.parent / FOLDER if folder is None else folder
    methods: Sequence[Any] = mappings or [table.mapping]
    costs = [_cost(run, table, method) for method in methods]
    prepare_directory(target)
    return _write(run, costs, table, target, packets, feedback)


def _table(own: Mapping[str, Any], options: Mapping[str, Any]) -> Hardware:
    from pydantic import ValidationError

    from eventsim.scenario.schema import Hardware, known_keys

    document = {**own, **options}
    try:
        return Hardware.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise explain(error, document, "[hardware]", known_keys(Hardware), options) from None


def _cost(run: Run, table: Hardware, method: Any) -> Cost:
    from eventsim.hardware.costing import cost

    chips: Any = "auto" if table.chips == "auto" else tuple(int(n) for n in table.chips.split("x"))
    return cost(
        run,
        table.chip,
        method,
        spread=table.spread,
        objective=table.objective,
        prices=table.prices,
        chips=chips,
    )


def _write(
    run: Run, costs: list[Cost], table: Hardware, target: Path, packets: bool, feedback: bool
) -> Priced:
    from eventsim.hardware import figures, report, tables
    from eventsim.hardware.document import comparison, document

    first = costs[0]
    found = document(first)
    if packets:
        _simulate_packets(run, first, table.acceleration, found, feedback)
    if len(costs) > 1:
        found["mappings"] = [comparison(each) for each in costs]
    lines = list(report.lines(found))
    pictures = figures.cost_figures(costs)
    priced = Priced(found, lines)
    for name, write in (
        ("cost.json", lambda p: p.write_text(to_json(found) + "\n", encoding="utf-8")),
        ("report.txt", lambda p: p.write_text("\n".join(lines) + "\n", encoding="utf-8")),
        ("tiles.csv", lambda p: tables.write_tiles(first, p)),
        ("links.csv", lambda p: tables.write_links(first, p)),
    ):
        write_whole(target / name, write)
        priced.files.append(target / name)
    from eventsim.plots.figures import save

    for name, figure in pictures.items():
        priced.files.append(save(figure, target / f"{name}.png"))
    lines += ["", *(f"written: {os.path.relpath(each)}" for each in priced.files)]
    return priced


def _simulate_packets(
    run: Run, cost: Cost, acceleration: float, document: dict[str, Any], feedback: bool
) -> None:
    from eventsim.hardware.packets import simulate_packets

    simulated = simulate_packets(run, cost.placed, acceleration)
    document["packets"] = simulated.summary()
    if not feedback:
        return
    from eventsim.hardware.feedback import compare_feedback

    experiment = _rebuilt(run)
    document["feedback"] = compare_feedback(run, experiment.network, cost, simulated, experiment.metrics)


def _rebuilt(run: Run) -> Any:
    """The experiment of the raster's scenario, built again by its builder."""
    from eventsim.scenario.builder import find_builder
    from eventsim.scenario.experiment import Experiment
    from eventsim.scenario.load import SCENARIO_FOLDER

    metadata = run.results.metadata if run.results is not None else {}
    settings = metadata.get("settings") or {}
    if "builder" not in settings:
        raise ScenarioError("--feedback: the raster is of no scenario, so its network cannot be built again")
    if settings.get("noise"):
        raise ScenarioError(
            "--feedback: the raster is of a network with noise, which would move spikes as well"
        )
    near = Path(SCENARIO_FOLDER) / f"{metadata.get('scenario')}.toml"
    try:
        builder = find_builder(settings["builder"], near)
    except ScenarioError as error:
        raise ScenarioError(f"--feedback builds the network again, where its builder is: {error}") from None
    built = builder(seed=metadata["seed"], **settings["parameters"])
    return built if isinstance(built, Experiment) else Experiment(built)
