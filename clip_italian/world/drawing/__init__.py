"""Scenes of the drawn world become pixels."""
