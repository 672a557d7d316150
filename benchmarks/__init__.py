"""Measurements of autocnn beside what it replaces: ``python -m benchmarks --help``."""
