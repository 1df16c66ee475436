"""Applications of a model: search, fine-tuning, export and the demo."""
