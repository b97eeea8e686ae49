"""The engine of windows: tiles of neurons, a window of time at once."""
