"""Parses tables of words from readable text."""


def words(text: str) -> tuple[str, ...]:
    """The entries of "one, two words, three"."""
    return tuple(" ".join(entry.split()) for entry in text.split(","))


def table(text: str) -> dict[str, tuple[str, ...]]:
    """The rows of "key: value, value; key: value"."""
    rows = [row.partition(":") for row in text.split(";")]
    return {key.strip(): words(values) for key, _, values in rows}
