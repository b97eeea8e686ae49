"""eventsim: exact event-driven simulation of asynchronous spiking networks.

Names are loaded when they are first asked for: importing the package, and the command line's help, are quick.
"""

from __future__ import annotations

from importlib import import_module

from eventsim.version import __version__

TYPE_CHECKING = (
    False  # that of typing, whose import takes as long as all that the command needs before it heeds Ctrl-C
)
if TYPE_CHECKING:
    from typing import Any

_HOME = {
    "eventsim.network": (
        "AllToAll",
        "Explicit",
        "Exponential",
        "FixedIndegree",
        "FixedOutdegree",
        "FixedTotalNumber",
        "FromMatrix",
        "Lognormal",
        "Model",
        "Network",
        "Normal",
        "OneToOne",
        "PairwiseBernoulli",
        "PiecewiseRate",
        "PoissonSpikes",
        "Population",
        "RegularSpikes",
        "SpikeTrains",
        "TruncatedNormal",
        "Uniform",
    ),
    "eventsim.models": ("IF", "LIF", "LIFExp", "Izhikevich", "IzhikevichGrid"),
    "eventsim.kernels.handlers": ("CURRENT", "Handlers"),
    "eventsim.hardware.costing": ("cost",),
    "eventsim.hardware.run": ("read_run", "run_of"),
    "eventsim.simulation": ("Simulation",),
    "eventsim.world": ("World",),
    "eventsim.recording": ("Results", "load_state", "open_raster", "save_state", "simulate"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'eventsim' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
