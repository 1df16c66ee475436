"""What people do with a model: load it, search with it."""
