"""CLIP for Italian: a contrastive image-text study that can be regenerated from its raw data.

`clip_italian.load(name_or_path)` gives a model that encodes pictures and texts; `clip_italian.finetune` trains one on one's own.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """On first use: a stage of the study that imports this package must not import every tower."""
    if name == "load":
        from clip_italian.checkpoints.loading import load

        return load
    if name == "finetune":
        from clip_italian.use.finetuning.running import finetune

        return finetune
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
