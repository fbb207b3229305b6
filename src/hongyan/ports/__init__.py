"""What the product asks of the world, one small file each.

A port is a promise: what is atomic, what may be repeated, what "full" means, what is raised. Adapters keep it and prove
it on one shared suite a port (tests/contract). Ports know the model and nothing else.
"""
