"""The drawn world in German; speech.py holds what the world asks of a language."""
