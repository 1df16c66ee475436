"""A drawn shop: its catalogue, what is said of it in two languages, and its files."""
