"""Loss, optimiser, freezing and the one training loop of every phase."""
