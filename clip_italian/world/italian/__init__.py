"""The drawn world in Italian; speech.py holds what the world asks of a language."""
