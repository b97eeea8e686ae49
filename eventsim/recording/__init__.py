"""What a run leaves behind: results in memory, the HDF5 raster, and reading rasters back."""
