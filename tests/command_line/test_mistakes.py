"""What a user can get wrong on the command line: one line on standard error, the right status, no traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line.commands import EVENTSIM, SCENARIO, eventsim, write_scenarios


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_scenarios(tmp_path)
    return tmp_path


def mistake(folder: Path, *arguments: str, status: int = 2) -> str:
    """The one line that the command prints about a mistake."""
    done = eventsim(folder, *arguments)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("eventsim: ")
    return lines[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("sead=3", "--set sead: unknown key, did you mean seed?"),
        ("recrod.populations=[]", "--set recrod: unknown key, did you mean record?"),
        (
            "record.population=['noise']",
            "--set record.population: unknown key, did you mean record.populations?",
        ),
        ("figures=['raster']", "--set figures: unknown key, did you mean plot.figures?"),
        ("parameters.sise=3", "--set parameters.sise: unknown key, did you mean parameters.size?"),
        ("duration_ms=long", "--set duration_ms = 'long': should be a valid number"),
        ("duration_ms=-1", "--set duration_ms = -1: should be greater than 0"),
        ("seed=1.5", "--set seed = 1.5: should be a valid integer"),
        ("seed=true", "--set seed = True: should be a valid integer"),
        ("engine=quick", "--set engine = 'quick': should be 'auto'"),
        ("parameters.size=many", "--set parameters.size = 'many': should be a valid integer"),
        ("parameters.rate_hz='10'", "--set parameters.rate_hz = '10': should be a valid number"),
        ("record=3", "--set record = 3: should be a table"),
        ("hardware.mapping=3", "--set hardware.mapping = 3: should be a valid string, or should be a table"),
        ("plot.figures=['rater']", "--set plot.figures.0 = 'rater': should be 'summary'"),
        (
            "record.populations=['nose']",
            "record.populations[0] = 'nose': no such population, did you mean noise?",
        ),
        ("builder='sources.py:biuld'", "sources.py has no function biuld, did you mean build?"),
        ("builder='source.py:build'", "builder = 'source.py:build': no such file"),
        ("builder='nets.lif:build'", "builder = 'nets.lif:build': no module nets"),
        ("builder='build'", "--set builder = 'build': should be package.module:function or path/to/file.py:"),
        ("builder='..nets:build'", "a module's whole name is needed"),
        ("builder='builtins:dict'", "its parameters are not known"),
        ("builder='sources.py:build_nothing'", "unknown key, nothing is known here"),
        ("builder='sources.py:build_without_seed'", "takes no seed"),
        ("duration_ms", "--set duration_ms: should be dotted.key=value"),
        ("seed=[1,", "--set seed=[1,: the value is no TOML"),
        ("builder.name=x", "--set builder.name: builder = 'sources.py:build' is not a table"),
        ("parameters.rate_hz=-3.0", "rate_hz"),
    ],
)
def test_a_mistake_in_a_change_is_one_line(folder: Path, change: str, said: str) -> None:
    assert said in mistake(folder, "run", "noise", "--set", change)
    assert not (folder / "results" / "noise" / "summary.json").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sead = 3", "scenarios/noise.toml: sead: unknown key, did you mean seed?"),
        ("threads = 0", "scenarios/noise.toml: threads = 0: should be greater than or equal to 1"),
        ("duration_ms = [", "scenarios/noise.toml: not a TOML file: "),
    ],
)
def test_a_mistake_in_the_file_names_the_file(folder: Path, line: str, said: str) -> None:
    (folder / "scenarios" / "noise.toml").write_text(line + "\n" + SCENARIO)
    assert said in mistake(folder, "run", "noise")


def test_all_mistakes_are_counted(folder: Path) -> None:
    assert mistake(folder, "run", "noise", "--set", "a=1", "--set", "b=1").endswith("(and 1 more)")


def test_a_missing_parameter_is_named(folder: Path) -> None:
    scenario = folder / "scenarios" / "noise.toml"
    scenario.write_text(SCENARIO.replace("size = 5", ""))
    assert "scenarios/noise.toml: parameters.size: missing" in mistake(folder, "run", "noise")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nose"], "nose: no such scenario, did you mean noise?"),
        (["run", "scenarios/nose.toml"], "did you mean noise?"),
        (["run", "scenarios"], "no such scenario"),
        (["run", "damaged"], "scenarios/damaged.toml: not a TOML file"),
        (["run", "noise", "--seed", "x"], "--set seed = 'x': should be a valid integer"),
        (["run", "noise", "--seed", "-1"], "should be greater than or equal to 0"),
        (["run", "noise", "--out", "scenarios/noise.toml/below"], "Not a directory"),
        (["run", "noise", "--out", ""], "'--out': a folder is needed"),
        (["run"], "Missing argument"),
        (["run", "noise", "--sed", "1"], "No such option"),
        (["info", "raster.h5"], "raster.h5: "),
        (["info", "scenarios/noise.toml"], "is not an HDF5 file"),
        (["plot", "raster.h5"], "raster.h5: "),
        (["list", "elsewhere"], "elsewhere: no scenarios here"),
        (["simulate"], "No such command"),
    ],
)
def test_a_mistake_of_usage_is_one_line(folder: Path, arguments: list[str], said: str) -> None:
    assert said in mistake(folder, *arguments)


def test_an_error_in_a_builder_says_where(folder: Path) -> None:
    line = mistake(folder, "run", "noise", "--set", "parameters.kind=broken", status=1)
    assert "ZeroDivisionError: a builder's own mistake (scenarios/sources.py, line 7, in build)" in line
    line = mistake(folder, "run", "noise", "--set", "parameters.kind=unreadable", status=1)
    assert "(scenarios/sources.py, line 11, in build)" in line


def test_ctrl_c_is_one_line_at_any_time(folder: Path) -> None:
    line = mistake(folder, "run", "noise", "--set", "parameters.kind=stopped", status=130)
    assert line == "eventsim: interrupted"


def test_ctrl_c_while_python_imports_is_one_line_too() -> None:
    code = """
import sys


class Stopped:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt


sys.meta_path.insert(0, Stopped())
from eventsim.command_line.main import main

main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "eventsim: interrupted\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_nobody_who_reads_ends_a_command_as_the_signal_would(
    folder: Path, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [EVENTSIM, "list"], cwd=folder, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_a_full_disk_is_one_line(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [EVENTSIM, "list"], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (done.returncode, done.stderr) == (2, "eventsim: No space left on device\n")


def test_what_a_terminal_cannot_show_is_no_mistake(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    scenario = folder / "scenarios" / "noise.toml"
    scenario.write_text(SCENARIO.replace("Poisson sources", "\u00b5V"), encoding="utf-8")
    assert eventsim(folder, "list").stdout.splitlines()[-1] == r"noise    \xb5V"


def test_without_standard_output_nothing_fails(folder: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" list >&-', EVENTSIM], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_builder_file_that_cannot_be_imported_says_why(folder: Path) -> None:
    builder = folder / "scenarios" / "sources.py"
    builder.write_text("import nonexistent_package\n")
    assert "No module named 'nonexistent_package'" in mistake(folder, "run", "noise")
    builder.write_text("def build(:\n")
    assert "sources.py, line 1)" in mistake(folder, "run", "noise")


def test_list_has_a_line_for_each_scenario(folder: Path) -> None:
    done = eventsim(folder, "list")
    assert done.returncode == 0
    damaged, noise = done.stdout.splitlines()
    assert noise.split() == ["noise", "Poisson", "sources"]
    assert damaged.startswith("damaged  (scenarios/damaged.toml: not a TOML file")


def test_help_and_version(folder: Path) -> None:
    bare, asked = eventsim(folder), eventsim(folder, "--help")
    assert bare.returncode == asked.returncode == 0
    assert bare.stdout == asked.stdout
    assert {"run", "info", "plot", "list"} <= set(asked.stdout.split())
    assert eventsim(folder, "--version").stdout.startswith("eventsim 0.")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from eventsim.command_line.commands import run_command; run_command(['run', '--help']);"
        "print(sorted({'numpy', 'numba', 'scipy', 'h5py', 'matplotlib', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
