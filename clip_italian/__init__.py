"""CLIP for Italian: a contrastive image-text study that can be regenerated from its raw data.

`load(name_or_path)` gives a model that encodes images and texts; `finetune(...)` trains one on your own pairs.
"""

from typing import Any

__version__ = "1.0.0"
__all__ = ["__version__", "finetune", "load"]


def __getattr__(name: str) -> Any:
    """Imports `load` and `finetune` on first use: a stage that imports this package must not import every tower."""
    if name == "load":
        from clip_italian.checkpoints.loading import load

        return load
    if name == "finetune":
        from clip_italian.use.finetuning.running import finetune

        return finetune
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
