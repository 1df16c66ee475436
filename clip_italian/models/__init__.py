"""The towers, the dual encoder and their checkpoints."""
