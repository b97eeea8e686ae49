"""The world around a network: Python processes beside it, at exact times."""

from eventsim.world.world import World

__all__ = ["World"]
