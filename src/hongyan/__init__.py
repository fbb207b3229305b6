"""hongyan 鸿雁: self-hosted instant messaging.

Importing this package does nothing: no connection, no environment, no registry. The reading order is in the README.
"""

__version__ = "0.1.0"
