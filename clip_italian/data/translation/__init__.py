"""Captions into Italian: engines, a cache that survives, and the tables they are translated in."""
