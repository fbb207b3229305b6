"""The only folder that imports client libraries of infrastructure: a folder a port, a file an adapter."""
