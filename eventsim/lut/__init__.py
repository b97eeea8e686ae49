"""Look-up-table networks as arrays: layers of tables indexed by the order of spikes, and their training."""
