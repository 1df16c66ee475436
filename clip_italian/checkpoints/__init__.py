"""Checkpoint files and folders: safe readers, the layouts of published models, the model that they give."""
