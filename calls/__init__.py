"""Lowest of the three apps: what the Union asks for, by when, and on which conditions."""
