"""The readers of all sources, by the names of their folders; each reads its publisher's format (clip_italian/data/readers/)."""

from clip_italian.data.sources import conceptual_captions, il_post, mscoco_it, own, wit
from clip_italian.data.sources.lines import damaged, lines
from clip_italian.data.sources.rows import Reader, Rejected, Row, Unusable, member_of
from clip_italian.data.sources.wit import WIT_COLUMNS, wit_records

__all__ = [
    "READERS",
    "WIT_COLUMNS",
    "Reader",
    "Rejected",
    "Row",
    "Unusable",
    "damaged",
    "lines",
    "member_of",
    "reader_of",
    "wit_records",
]

READERS: dict[str, Reader] = {
    "wit": wit.read,
    "mscoco_it": mscoco_it.read,
    "conceptual_captions": conceptual_captions.read,
    "il_post": il_post.read,
}


def reader_of(source: str) -> Reader:
    """The reader of a source of the profile, or of the user's own."""
    return own.read if own.is_own(source) else READERS[source]
