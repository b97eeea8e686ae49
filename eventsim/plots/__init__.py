"""Pictures of results; matplotlib is imported when a figure is made, and no pyplot state is touched."""
