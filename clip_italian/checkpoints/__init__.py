"""Checkpoints: safe readers of files, the layouts of published models, and the model in memory."""
