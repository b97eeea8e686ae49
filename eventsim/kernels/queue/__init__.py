"""The engine of one queue."""
