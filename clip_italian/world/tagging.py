"""Parts of speech of a text, whatever its language."""

from collections.abc import Callable, Sequence

from clip_italian.world.language import Tags


def tagged(tokens: Sequence[str], word: Callable[[str, bool], str]) -> Tags:
    """Every token with its tag; `word` tags a word, told whether it starts a sentence."""
    tags, starts = [], True
    for token in tokens:
        tag = "PUNCT" if not token[0].isalnum() else "NUM" if token.isdigit() else word(token, starts)
        tags.append((token, tag))
        starts = token in (".", "!", "?", ":")
    return tags
