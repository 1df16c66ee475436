"""A drawn world of a few dozen pictures, for tests of what is made from it."""
from clip_italian.data.curate import CurateSettings
from clip_italian.data.duplicates import DuplicateSettings
from clip_italian.data.images import ImageLimits
from clip_italian.data.workers import WorkersSettings
from clip_italian.world.download import WorldSettings
from clip_italian.world.examinations import TestSettings
from clip_italian.world.labels import LabelSettings
from clip_italian.world.publish import SourceSettings
from clip_italian.world.studio import StudioSettings

TWO = WorkersSettings(kind="processes", count=2, address=None)
THREE = WorkersSettings(kind="processes", count=3, address=None)
RAY = WorkersSettings(kind="ray", count=3, address=None)
LIMITS = ImageLimits(max_bytes=1 << 20, max_pixels=1_000_000, min_side=32, max_aspect=20.0)
CURATE = CurateSettings(
    seed=42, sources=["wit", "mscoco_it", "conceptual_captions", "il_post"], language="it", max_proper_nouns=0.8,
    max_caption_characters=10_000, valid_share=0.05, left_out=[],
    duplicates=DuplicateSettings(max_bits=6, max_cell_difference=20),
)  # fmt: skip
NOTHING = {"names": 0, "foreign": 0, "missing": 0, "repeated": 0, "copied": 0, "damaged": 0}
ODD = {"missing": 2, "repeated": 2, "copied": 2, "damaged": 3}


def source(drawn: int, captions: int = 1, **kinds: int) -> SourceSettings:
    """Rows of one source."""
    return SourceSettings(drawn=drawn, captions=captions, **NOTHING | kinds)


def world(workers: int = 2) -> WorldSettings:
    """Every kind of row in every source that has it."""
    tests = TestSettings(
        retrieval_pictures=20, near_miss_share=0.3, near_misses=3, captions=3, gallery_pictures=1, zeroshot_seen=0,
        zeroshot_composition=1, zeroshot_style=0, zeroshot_noun=1, probe_train=0, probe_valid=1, contrasts=3,
    )  # fmt: skip
    return WorldSettings(
        kind="drawn", seed=7, studio=StudioSettings(workers=workers, height=64, jpeg_quality=90, png_every=5),
        wit=source(20, names=4, foreign=5, **ODD), mscoco_it=source(12, captions=5, missing=1, damaged=3),
        conceptual_captions=source(20, **ODD), il_post=source(6, **ODD), english=10, english_singles=0.3,
        sentences=20, parallel=10,
        tests=tests, labels=LabelSettings(shared=0.039, mistranslated=0.06),
    )  # fmt: skip
