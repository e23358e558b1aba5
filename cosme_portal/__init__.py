"""The project package: settings, entry points, demonstration, benchmarks. No app imports it."""

__version__ = "1.0.0"
