"""Pairs of neurons made and put in order."""
