"""Neuron models: a frozen dataclass of parameters with four jitted functions each."""

from eventsim.models.integrate_and_fire import IF
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp

__all__ = ["IF", "LIF", "LIFExp"]
