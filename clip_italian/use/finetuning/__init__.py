"""Fine-tuning a model on one's own pairs of pictures and texts, on one's own machine."""
