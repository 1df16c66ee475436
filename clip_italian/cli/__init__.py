"""The commands of `python -m clip_italian`, a module each."""
