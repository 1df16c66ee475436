"""Fine-tuning a model on the user's own pairs of images and texts."""
