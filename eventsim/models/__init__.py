"""Neuron models: a frozen dataclass of parameters with four jitted functions each."""

from eventsim.models.integrate_and_fire import IF
from eventsim.models.izhikevich import Izhikevich
from eventsim.models.izhikevich_grid import IzhikevichGrid
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from eventsim.models.lut import LUTOutputs, LUTTables

__all__ = ["IF", "LIF", "Izhikevich", "IzhikevichGrid", "LIFExp", "LUTOutputs", "LUTTables"]
