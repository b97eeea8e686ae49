"""What a run would cost on neuromorphic hardware: exact counts from its spikes, prices with their sources."""
