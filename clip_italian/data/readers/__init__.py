"""Readers of captioned pictures, one module for each publisher's format; clip_italian/data/sources.py names them."""
