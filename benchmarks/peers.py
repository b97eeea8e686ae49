"""Other simulators, where they are installed: found, NEURON's mechanism compiled, their scripts run.

``EVENTSIM_PEERS_PYTHON`` is the Python that has them (default: this one) and ``EVENTSIM_PEERS`` the folder of their
scripts (default: ../shared/peers beside the repository).
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.workloads import Peer

ROOT = Path(__file__).resolve().parents[1]


class MissingPeer(Exception):
    """Why a peer is not measured, in one line."""


class Peers:
    """The peers' Python and scripts; `scratch` is an empty folder for what has to be compiled."""

    def __init__(self, scratch: Path) -> None:
        self._python = os.environ.get("EVENTSIM_PEERS_PYTHON", sys.executable)
        self._scripts = Path(os.environ.get("EVENTSIM_PEERS", ROOT.parent / "shared" / "peers")).resolve()
        self._scratch = scratch
        self._has: dict[str, str | None] = {}

    def run(self, peer: Peer, neurons: int, timed_s: float, seed: int, timeout_s: float) -> dict[str, Any]:
        """The figures of one run, named as the worker names its own.  Raises `MissingPeer`."""
        self._look_for(peer)
        command = [self._python, str(self._scripts / peer.script), *peer.arguments]
        options = {"neurons": neurons, "bio": timed_s, "warm": peer.warm_s, "threads": 1, "seed": seed}
        command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
        try:
            done = subprocess.run(
                command,
                cwd=self._scratch,
                env=self._environment(),
                capture_output=True,
                text=True,
                timeout=timeout_s,
            )
        except subprocess.TimeoutExpired:
            raise MissingPeer(f"{peer.script} took longer than {timeout_s:g} s") from None
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or not lines:
            raise MissingPeer(
                f"{peer.script} failed: {(done.stderr.strip().splitlines() or ['no output'])[-1]}"
            )
        told = json.loads(lines[-1])
        return {
            "build_s": told["build_s"],
            "run_s": told["run_s"],
            "run_cpu_s": told["run_cpu_s"],
            "biological_s": told["bio_s"],
            "mean_rate_hz": told["mean_rate_hz"],
            "synaptic_events": told["synaptic_events"],
            "external_events": told["ext_events"],
            "peak_rss_mb": told["peak_rss_mb"],
        }

    def _look_for(self, peer: Peer) -> None:
        """Raise `MissingPeer` unless this peer can be run; looked at once."""
        if peer.script not in self._has:
            self._has[peer.script] = self._problem(peer)
        problem = self._has[peer.script]
        if problem:
            raise MissingPeer(problem)

    def _problem(self, peer: Peer) -> str | None:
        if not (self._scripts / peer.script).is_file():
            return f"no {peer.script} in {self._scripts.name}; set EVENTSIM_PEERS to the folder of the peers' scripts"
        try:
            found = subprocess.run(
                [self._python, "-c", f"import {peer.module}"],
                cwd=self._scratch,
                capture_output=True,
                text=True,
            )
        except OSError as error:
            return f"EVENTSIM_PEERS_PYTHON cannot be run: {error.strerror}"
        if found.returncode:
            return f"no module {peer.module}; set EVENTSIM_PEERS_PYTHON to a Python that has it"
        return self._compile() if peer.module == "neuron" else None

    def _compile(self) -> str | None:
        """Compile NEURON's mechanism in a copy of its folder; what went wrong, or None."""
        shutil.copytree(self._scripts / "mod", self._scratch / "mod", copy_function=shutil.copyfile)
        (self._scratch / "mod").chmod(0o755)
        try:
            made = subprocess.run(
                ["nrnivmodl", "."],
                cwd=self._scratch / "mod",
                env=self._environment(),
                capture_output=True,
                text=True,
            )
        except OSError:
            return "no nrnivmodl beside the peers' Python"
        if made.returncode or not self._mechanism.is_file():
            return f"nrnivmodl failed: {(made.stderr.strip().splitlines() or ['no output'])[-1]}"
        return None

    @property
    def _mechanism(self) -> Path:
        return self._scratch / "mod" / platform.machine() / "libnrnmech.so"

    def _environment(self) -> dict[str, str]:
        """Programs beside the peers' Python come first; one thread; the mechanism's place."""
        path = f"{Path(self._python).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        own = {"PATH": path, "OMP_NUM_THREADS": "1", "NRN_MODLIB": str(self._mechanism)}
        return os.environ | own
