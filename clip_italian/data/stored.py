"""A file wherever it lies."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Stored(Protocol):
    """A file's bytes where they lie: a path, or a member of an archive. Its `str` names it in errors."""

    def read_bytes(self) -> bytes:
        """All of the file."""
        ...
