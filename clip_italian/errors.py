"""The error a person can act on."""


class InputError(Exception):
    """Bad input: the message names the file, the line or key, and the remedy, in one line."""
