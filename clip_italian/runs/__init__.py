"""Runs as journals, and their views: MLflow and a page."""
