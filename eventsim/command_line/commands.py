"""The commands of ``eventsim``.  Nothing heavy is imported before one needs it: ``--help`` answers at once."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from eventsim.version import __version__

app = typer.Typer(
    name="eventsim",
    help="Exact event-driven simulation of asynchronous spiking networks.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _folder(name: str) -> Path:
    """What ``--out`` names; an empty variable of a script's would mean the current folder."""
    if not name:
        raise typer.BadParameter("a folder is needed")
    return Path(name)


Scenario = Annotated[str, typer.Argument(metavar="SCENARIO", help="A TOML file, or a name in ./scenarios.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a dotted key of the scenario; may be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"eventsim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def run(
    scenario: Scenario,
    changes: Changes = None,
    seed: Annotated[
        str | None, typer.Option(metavar="N", help="The seed, instead of the scenario's.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="E", help="The engine: auto, window, queue or simpy.")
    ] = None,
    threads: Annotated[str | None, typer.Option(metavar="N", help="Threads for the window engine.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=_folder, help="Where to write.", show_default="results/NAME"),
    ] = None,
    json: Json = False,
) -> None:
    """Simulate a scenario; write raster.h5, summary.json and figures."""
    from contextlib import nullcontext

    from eventsim.command_line.report import summary_lines
    from eventsim.scenario.files import to_json
    from eventsim.scenario.load import find_scenario
    from eventsim.scenario.run import run_scenario

    path = find_scenario(scenario)
    given = {"seed": seed, "engine": engine, "threads": threads}
    changes = [*(changes or ()), *(f"{key}={value}" for key, value in given.items() if value is not None)]
    if sys.stderr.isatty():
        from eventsim.command_line.progress import TerminalReporter

        reporting: TerminalReporter | nullcontext[None] = TerminalReporter()
    else:
        reporting = nullcontext()
    with reporting as reporter:
        outcome = run_scenario(path, changes, out, reporter)
    print(to_json(outcome.summary) if json else "\n".join(summary_lines(outcome.summary, outcome.files)))


@app.command()
def profile(
    scenario: Scenario,
    changes: Changes = None,
    json: Json = False,
) -> None:
    """Simulate a scenario, keep nothing, and say where time and events went."""
    import tempfile

    from eventsim.command_line.report import profile_lines
    from eventsim.scenario.files import to_json
    from eventsim.scenario.load import find_scenario
    from eventsim.scenario.run import Interrupted, run_scenario

    with tempfile.TemporaryDirectory() as folder:
        try:
            summary = run_scenario(find_scenario(scenario), changes or (), folder).summary
        except Interrupted as stopped:
            raise Interrupted("interrupted", stopped.signal) from None  # nothing is kept
    print(to_json(summary) if json else "\n".join(profile_lines(summary)))


@app.command()
def sweep(
    scenario: Scenario,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUES",
            help="Vary a dotted key: FROM:TO:NUMBER, FROM:TO:NUMBER:log, FROM:BELOW, values with commas between "
            "them, or uniform(a,b), loguniform(a,b), normal(mean,std), integers(a,b), choice(...). May be repeated.",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a dotted key at all points; may be repeated."
        ),
    ] = None,
    zipped: Annotated[
        list[str] | None, typer.Option("--zip", metavar="KEY,KEY", help="Keys that change together.")
    ] = None,
    samples: Annotated[
        str | None, typer.Option(metavar="N", help="How many points are drawn from distributions.")
    ] = None,
    sampling: Annotated[
        str | None, typer.Option(metavar="HOW", help="How they are drawn: random or lhs (Latin hypercube).")
    ] = None,
    rasters: Annotated[bool, typer.Option("--rasters", help="Keep the raster of every point.")] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write the table as Parquet too.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Processes; 0 for this one alone.", show_default="one a core"),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="tcp://...", help="A Dask scheduler to run the points on.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Go on in the folder of another sweep, keeping what fits.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", parser=_folder, help="Where to write.", show_default="results/NAME-sweep"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Run a scenario at many points on all cores; write one table, sweep.h5, and figures. Goes on if interrupted."""
    from eventsim.command_line.sweeping import run_and_report

    options = {"samples": samples, "sampling": sampling, "rasters": "true" if rasters else None}
    set_too = [f"sweep.{key}={value}" for key, value in options.items() if value is not None]
    if zipped:
        set_too.append(f"sweep.zip={[each.split(',') for each in zipped]}")
    run_and_report(
        scenario,
        vary or (),
        [*(changes or ()), *set_too],
        out,
        json,
        workers=workers,
        cluster=cluster,
        force=force,
        parquet=parquet,
    )


@app.command()
def info(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A raster, finished or cut short.")],
    json: Json = False,
) -> None:
    """Say what is in a raster and how far it goes."""
    from eventsim.command_line.report import fact_rows, table
    from eventsim.recording.raster_reader import info as raster_info
    from eventsim.scenario.files import to_json

    facts = raster_info(file)
    print(to_json(facts) if json else "\n".join(table(fact_rows(facts))))


@app.command()
def plot(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A raster, finished or cut short, or the folder of a sweep."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=_folder, help="Where to write.", show_default="beside FILE"),
    ] = None,
    metrics: Annotated[
        list[str] | None, typer.Option("--metric", metavar="NAME", help="Of a sweep: draw this metric alone.")
    ] = None,
    levels: Annotated[
        list[str] | None,
        typer.Option("--level", metavar="METRIC=VALUE", help="Of a sweep: mark where the metric crosses it."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="KEY=VALUE", help="Of a sweep: only points with this setting."),
    ] = None,
) -> None:
    """Draw a raster (its spikes, rates and inter-spike intervals) or a sweep as PNG pictures."""
    from eventsim.sweep.read import is_sweep

    if is_sweep(file):
        from eventsim.command_line.sweeping import plot_sweep

        plot_sweep(file, out, metrics, levels or (), at or ())
        return
    if metrics or levels or at:
        raise typer.BadParameter(f"{file} is no sweep; --metric, --level and --at are of sweeps")
    from eventsim.scenario.pictures import draw

    for picture in draw(file, out or file.parent):
        print(picture)


@app.command()
def cost(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A finished raster.")],
    chip: Annotated[
        str | None, typer.Option(metavar="CHIP", help="A chip of the library, or a TOML file.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            metavar="M", help="contiguous, hilbert, hypergraph or a TOML file; several are compared."
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Another key of the table [hardware]; may be repeated."
        ),
    ] = None,
    packets: Annotated[
        bool, typer.Option("--packets", help="Simulate the mesh packet by packet, for small networks.")
    ] = False,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="And run the network again with its latencies as delays.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=_folder, help="Where to write.", show_default="cost, beside FILE"),
    ] = None,
    json: Json = False,
) -> None:
    """Price a run on neuromorphic hardware; write a report, tables and figures."""
    from eventsim.scenario.costs import price_raster
    from eventsim.scenario.files import to_json
    from eventsim.scenario.load import parse_overrides

    given = {"chip": chip} if chip is not None else {}
    options = parse_overrides(changes or ()) | given
    outcome = price_raster(file, options, mapping or (), out, packets=packets or feedback, feedback=feedback)
    print(to_json(outcome.document) if json else "\n".join(outcome.lines))


@app.command(name="list")
def list_scenarios(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to look.")] = Path("scenarios"),
) -> None:
    """List the scenarios of a folder, a line each."""
    from eventsim.command_line.report import table
    from eventsim.scenario.listing import scenarios

    for line in table((each.name, each.description) for each in scenarios(folder)):
        print(line)


def run_command(arguments: Sequence[str]) -> int:
    """Run the command of these arguments, ``--help`` if there are none, and return its exit status.

    Whatever goes wrong is raised, Ctrl-C and a closed pipe too: typer's own way would make statuses of them.
    """
    command = typer.main.get_command(app)
    try:
        with command.make_context("eventsim", list(arguments) or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as left:
        return left.exit_code
    return 0
