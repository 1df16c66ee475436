"""Scenes of the drawn world: what an image shows, and which captions are true of it."""
