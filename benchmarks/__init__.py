"""The measured figures of the README: ``python -m benchmarks``."""
