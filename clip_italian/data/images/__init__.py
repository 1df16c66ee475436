"""Decoding, resizing, augmentation and storage of images."""
