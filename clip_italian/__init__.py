"""CLIP for Italian: a contrastive image-text study that can be regenerated from its raw data."""
