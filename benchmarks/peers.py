"""Other simulators, where they are installed: found, what they need compiled, their scripts run.

``EVENTSIM_PEERS_PYTHON`` is the Python that has them (default: this one) and ``EVENTSIM_PEERS`` the folder of their
scripts (default: ../shared/peers beside the repository).
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT, cores, finished, json_lines, last_line
from benchmarks.workloads import Peer

TIMEOUT_S = 1800.0
FIGURES = {
    "build_s": "build_s",
    "run_s": "run_s",
    "run_cpu_s": "run_cpu_s",
    "bio_s": "biological_s",
    "mean_rate_hz": "mean_rate_hz",
    "synaptic_events": "synaptic_events",
    "ext_events": "external_events",
    "peak_rss_mb": "peak_rss_mb",
}
"""What the scripts print, and how the worker calls it."""


class MissingPeer(Exception):
    """Why a peer is not measured, in one line."""


class Peers:
    """The peers' Python and scripts; `scratch` is an empty folder for what has to be compiled."""

    def __init__(self, scratch: Path) -> None:
        self._python = os.environ.get("EVENTSIM_PEERS_PYTHON", sys.executable)
        self._scripts = Path(os.environ.get("EVENTSIM_PEERS", ROOT.parent / "shared" / "peers")).resolve()
        self._scratch = scratch
        self._problems: dict[str, str | None] = {}
        self._programs: dict[Peer, tuple[Path, dict[str, Any]]] = {}

    def run(self, peer: Peer, neurons: int, seed: int) -> dict[str, Any]:
        """The figures of one run, named as the worker names its own.  Raises `MissingPeer`.

        A compiled peer has the seed of its first run: it is the same program again.
        """
        self._need(peer.script, lambda: self._problem(peer))
        if peer.compiled:
            return self._run_program(peer, neurons, seed)
        with cores(peer.threads):
            return self._told(peer, [str(self._scripts / peer.script)], self._options(peer, neurons, seed))

    def roofline(self) -> dict[str, float]:
        """Million synapses a second of ``roofline.c`` at 12,500 neurons: adding up alone, and with lazy decay.

        Raises `MissingPeer`.
        """
        self._need("roofline.c", self._compile_roofline)
        with cores(1):
            done = self._finished([str(self._scratch / "roofline"), "calib"], self._scratch)
        rates = [line["Mev_per_s"] for line in json_lines(done.stdout)]
        if len(rates) != 2:
            raise MissingPeer(f"roofline.c failed: {last_line(done.stderr)}")
        return {"scatter": rates[0], "lazy": rates[1]}

    def _need(self, name: str, look: Callable[[], str | None]) -> None:
        """Raise `MissingPeer` if `look` finds a problem; it looks once."""
        if name not in self._problems:
            self._problems[name] = look()
        problem = self._problems[name]
        if problem:
            raise MissingPeer(problem)

    def _problem(self, peer: Peer) -> str | None:
        problem = self._no_script(peer.script)
        if problem:
            return problem
        try:
            found = self._finished([self._python, "-c", f"import {peer.module}"], self._scratch)
        except OSError as error:
            return f"EVENTSIM_PEERS_PYTHON cannot be run: {error.strerror}"
        if found.returncode:
            return f"no module {peer.module}; set EVENTSIM_PEERS_PYTHON to a Python that has it"
        return self._compile_mechanism() if peer.module == "neuron" else None

    def _no_script(self, name: str) -> str | None:
        if (self._scripts / name).is_file():
            return None
        return f"no {name} in {self._scripts.name}; set EVENTSIM_PEERS to the folder of the peers' scripts"

    def _compile_mechanism(self) -> str | None:
        """Compile NEURON's mechanism in a copy of its folder; what went wrong, or None."""
        shutil.copytree(self._scripts / "mod", self._scratch / "mod", copy_function=shutil.copyfile)
        (self._scratch / "mod").chmod(0o755)
        try:
            made = self._finished(["nrnivmodl", "."], self._scratch / "mod")
        except OSError:
            return "no nrnivmodl beside the peers' Python"
        if made.returncode or not self._mechanism.is_file():
            return f"nrnivmodl failed: {last_line(made.stderr)}"
        return None

    def _compile_roofline(self) -> str | None:
        source = self._scripts / "roofline.c"
        command = ["cc", "-O3", "-march=native", "-o", str(self._scratch / "roofline"), str(source), "-lm"]
        problem = self._no_script(source.name)
        if problem:
            return problem
        try:
            made = self._finished(command, self._scratch)
        except OSError:
            return "no C compiler, cc"
        return f"cc failed: {last_line(made.stderr)}" if made.returncode else None

    def _options(self, peer: Peer, neurons: int, seed: int) -> list[str]:
        options = {
            "neurons": neurons,
            "bio": peer.timed_s,
            "warm": peer.warm_s,
            "threads": peer.threads,
            "seed": seed,
        }
        return [
            *peer.arguments,
            *(word for name, value in options.items() for word in (f"--{name}", str(value))),
        ]

    def _told(self, peer: Peer, script: Sequence[str], options: Sequence[str]) -> dict[str, Any]:
        """What a script prints about its run."""
        done = self._finished([self._python, *script, *options], self._scratch, peer.threads)
        lines = json_lines(done.stdout)
        if done.returncode or not lines:
            raise MissingPeer(f"{peer.script} failed: {last_line(done.stderr)}")
        return {ours: lines[-1][theirs] for theirs, ours in FIGURES.items()}

    def _run_program(self, peer: Peer, neurons: int, seed: int) -> dict[str, Any]:
        """Compile the peer's program at the first turn, and run it at every turn, alone and on its cores."""
        if peer not in self._programs:
            folder = self._scratch / f"program{len(self._programs)}"
            folder.mkdir()
            script = [
                str(ROOT / "benchmarks" / "keep_compiled.py"),
                str(folder),
                str(self._scripts / peer.script),
            ]
            options = [*self._options(peer, neurons, seed), "--runs", "1"]
            self._programs[peer] = folder, self._told(peer, script, options)
        folder, told = self._programs[peer]
        with cores(peer.threads):
            done = self._finished(["./main"], folder, peer.threads)
        if done.returncode:
            raise MissingPeer(f"{peer.script}'s program failed: {last_line(done.stderr)}")
        # the program's own clock over its last run(): CPU time with one thread, wall time with more
        seconds = float((folder / "results" / "last_run_info.txt").read_text(encoding="ascii").split()[0])
        return told | {"run_s": seconds, "run_cpu_s": seconds if peer.threads == 1 else None}

    def _finished(
        self, command: Sequence[str], folder: Path, threads: int = 1
    ) -> subprocess.CompletedProcess[str]:
        try:
            return finished(command, folder, self._environment(threads), TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise MissingPeer(f"{Path(command[0]).name} took longer than {TIMEOUT_S:g} s") from None

    @property
    def _mechanism(self) -> Path:
        return self._scratch / "mod" / platform.machine() / "libnrnmech.so"

    def _environment(self, threads: int) -> dict[str, str]:
        """Programs beside the peers' Python come first; the number of threads; the mechanism's place."""
        path = f"{Path(self._python).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        own = {"PATH": path, "OMP_NUM_THREADS": str(threads), "NRN_MODLIB": str(self._mechanism)}
        return os.environ | own
