"""Composition: config to adapters, adapters to stages, stages to one process; run, signals, drain.

The only place that knows everybody. Nothing imports it but the command line and tests.
"""
