"""Look-up tables: layers, attention, training."""
