"""The published systems that the study compares or starts from, by name: where each lies on the hub."""
from typing import NamedTuple


class System(NamedTuple):
    """A repository on the Hugging Face hub, and the one with its picture half where it holds texts alone."""

    repository: str
    images: str | None = None


OPENAI_B32, OPENAI_L14 = "openai/clip-vit-base-patch32", "openai/clip-vit-large-patch14"
SYSTEMS = {
    system.repository: system
    for system in (
        System("clip-italian/clip-italian"),
        System("clip-italian/clip-italian-final"),
        System(OPENAI_B32),
        System("openai/clip-vit-base-patch16"),
        System(OPENAI_L14),
        System("sentence-transformers/clip-ViT-B-32-multilingual-v1", "sentence-transformers/clip-ViT-B-32"),
        System("laion/CLIP-ViT-B-32-xlm-roberta-base-laion5B-s13B-b90k"),
        System("laion/CLIP-ViT-H-14-frozen-xlm-roberta-large-laion5B-s13B-b90k"),
        System("M-CLIP/XLM-Roberta-Large-Vit-B-32", OPENAI_B32),
        System("M-CLIP/XLM-Roberta-Large-Vit-L-14", OPENAI_L14),
        System("M-CLIP/XLM-Roberta-Large-Vit-B-16Plus", "laion/CLIP-ViT-B-16-plus-240-laion400m-e32"),
        System("google/siglip-base-patch16-256-multilingual"),
        System("google/siglip2-base-patch16-224"),
    )
}
