"""What the product asks of the world: one small file a port, promises in the docstrings."""
