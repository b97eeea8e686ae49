"""External input as time-ordered events, handed out slice by slice, whatever the slices."""

from eventsim.build.streams.currents import CurrentStream
from eventsim.build.streams.drives import DriveStream
from eventsim.build.streams.spikes import SpikeStream

__all__ = ["CurrentStream", "DriveStream", "SpikeStream"]
