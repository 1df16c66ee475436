"""Captions, class labels and sentences in German."""
