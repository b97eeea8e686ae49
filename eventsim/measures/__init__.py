"""Measures of timing: what users compute on rasters, each with its unit and source."""
