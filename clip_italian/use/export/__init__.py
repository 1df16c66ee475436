"""A trained model as the folders that other libraries load."""
