"""Simulating a network, by one of several engines that give the same result."""

from eventsim.simulation.simulation import Simulation

__all__ = ["Simulation"]
