"""Captions into the study's language: engines, a cache that survives, and the tables they are translated in."""
