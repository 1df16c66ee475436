"""Readers of captioned images, a module for each publisher's format; sources.py names them."""
