"""What a run leaves behind: results in memory, the HDF5 raster, saved states, and reading them back."""

from eventsim.recording.checkpoint import load_state, save_state
from eventsim.recording.raster_reader import open_raster
from eventsim.recording.results import Results
from eventsim.recording.simulate import simulate

__all__ = ["Results", "load_state", "open_raster", "save_state", "simulate"]
