"""Captions, class labels and sentences in Italian."""
