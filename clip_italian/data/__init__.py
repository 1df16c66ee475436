"""From the publishers' files to batches of pixels and tokens."""
