"""Stages 1 and 5: the gateway owns sockets, and knows nothing of why a message is sent."""
