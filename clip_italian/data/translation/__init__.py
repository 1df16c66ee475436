"""Translates captions into the study's language: engines, a persistent cache, and tables of captions."""
