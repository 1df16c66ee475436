"""Ranks, metrics and statistics on saved embeddings; imports no tower."""
