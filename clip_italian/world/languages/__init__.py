"""Captions of the drawn world, a language each."""
