"""The demo: search images with a sentence, rank captions for an image, and locate a text in an image."""
