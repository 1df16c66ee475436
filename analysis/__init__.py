"""One script per figure or table, named as its output; reads results from files and imports neither jax nor mlflow."""
