"""A person's own photographs with captions, as a source of the study: `python -m clip_italian data import`."""
