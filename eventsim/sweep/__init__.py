"""Sweeps: a scenario and a list of changes, run on all cores or a cluster, ending in one table and its figures."""
