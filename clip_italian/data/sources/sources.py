"""The table of the sources' readers, by the name of the source's folder."""

from clip_italian.data.sources import conceptual_captions, il_post, mscoco_it, own, wit
from clip_italian.data.sources.rows import Reader

READERS: dict[str, Reader] = {
    "wit": wit.read,
    "mscoco_it": mscoco_it.read,
    "conceptual_captions": conceptual_captions.read,
    "il_post": il_post.read,
}


def reader_of(source: str) -> Reader:
    """The reader of a source of the profile or of the user."""
    return own.read if own.is_own(source) else READERS[source]
