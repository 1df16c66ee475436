"""The files that publishers ship, for a profile that takes them as they are."""

import pathlib

from clip_italian.errors import InputError

# Source -> (files, whence). Three of them were never released in Italian and come from whoever made them.
PUBLISHED = {
    "wit": (("wit_v1.train.all-*.tsv.gz", "images.zip"), "https://github.com/google-research-datasets/wit"),
    "mscoco_it": (
        ("captions_ita_*.json.gz", "images.zip"),
        "https://github.com/crux82/mscoco-it, pictures from https://cocodataset.org",
    ),
    "conceptual_captions": (
        ("Train_GCC-training.tsv", "images.zip"),
        "https://github.com/google-research-datasets/conceptual-captions",
    ),
    "il_post": (("il_post.jsonl", "images.zip"), "the photographs of https://www.ilpost.it and their captions"),
}


def require(raw: pathlib.Path, sources: list[str]) -> dict[str, list[str]]:
    """Returns the files found for each source; raises InputError naming the first missing one and its publisher."""
    found = {}
    for source in sources:
        patterns, publisher = PUBLISHED[source]
        for pattern in patterns:
            if not list((raw / source).glob(pattern)):
                raise InputError(f"{raw / source / pattern}: missing; put it there, it comes from {publisher}")
        found[source] = sorted(path.name for pattern in patterns for path in (raw / source).glob(pattern))
    return found
