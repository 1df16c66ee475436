"""Scenes of the drawn world: what a picture shows, and which captions are true of it."""
