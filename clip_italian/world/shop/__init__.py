"""A drawn shop: its products, their captions in two languages, and its files."""
