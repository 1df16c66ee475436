"""`load`: reads a published system, a model of this study, or a folder of the same layout."""

import pathlib
from collections.abc import Mapping
from typing import NamedTuple

from clip_italian.checkpoints import hub, layouts
from clip_italian.checkpoints.model import IMAGE_HALF, Model
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder


class Repository(NamedTuple):
    """A repository on the Hugging Face hub, at a commit."""

    name: str
    revision: str | None


class System(NamedTuple):
    """A published dual encoder: its repository, and the one of its image half if it has a text tower alone."""

    repository: Repository
    images: Repository | None = None


OPENAI_B32 = Repository("openai/clip-vit-base-patch32", "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268")
OPENAI_B16 = Repository("openai/clip-vit-base-patch16", "57c216476eefef5ab752ec549e440a49ae4ae5f3")
OPENAI_L14 = Repository("openai/clip-vit-large-patch14", "32bd64288804d66eefd0ccbe215aa642df71cc41")
MULTILINGUAL_B32 = Repository("sentence-transformers/clip-ViT-B-32-multilingual-v1", "58edf8cada9e398793dca955574a48cbb7f18be2")
MULTILINGUAL_B32_IMAGES = Repository("sentence-transformers/clip-ViT-B-32", "327ab6726d33c0e22f920c83f2ff9e4bd38ca37f")
# open_clip's ViT-B-16-plus-240, laion400m_e32: the image half according to M-CLIP's authors.
LAION_B16_PLUS = Repository("timm/vit_base_patch16_plus_clip_240.laion400m_e32", None)
SIGLIP = Repository("google/siglip-base-patch16-256-multilingual", "8952a4eafcde3cb7ab46b1dd629b33f8784ca9c6")
SIGLIP_2 = Repository("google/siglip2-base-patch16-224", "75de2d55ec2d0b4efc50b3e9ad70dba96a7b2fa2")
# The published systems that the study starts from or is compared with, by name.
SYSTEMS = {
    system.repository.name: system
    for system in (
        System(Repository("clip-italian/clip-italian", None)),
        System(Repository("clip-italian/clip-italian-final", None)),
        System(OPENAI_B32),
        System(OPENAI_B16),
        System(OPENAI_L14),
        System(MULTILINGUAL_B32, MULTILINGUAL_B32_IMAGES),
        System(Repository("laion/CLIP-ViT-B-32-xlm-roberta-base-laion5B-s13B-b90k", None)),
        System(Repository("laion/CLIP-ViT-H-14-frozen-xlm-roberta-large-laion5B-s13B-b90k", None)),
        System(Repository("M-CLIP/XLM-Roberta-Large-Vit-B-32", None), OPENAI_B32),
        System(Repository("M-CLIP/XLM-Roberta-Large-Vit-L-14", None), OPENAI_L14),
        System(Repository("M-CLIP/XLM-Roberta-Large-Vit-B-16Plus", None), LAION_B16_PLUS),
        System(SIGLIP),
        System(SIGLIP_2),
    )
}


def load(
    name_or_path: str | pathlib.Path,
    *,
    images: str | pathlib.Path | None = None,
    revision: str | None = None,
    sha256: Mapping[str, str] | None = None,
    image_size: int | None = None,
) -> Model:
    """A model that encodes images and texts into one space.

    `name_or_path` is a folder, a weights file in a folder, a name of `SYSTEMS`, or another repository of the hub, at `revision`.
    `images` is the same for the image half of a model with a text tower alone; for those of `SYSTEMS` it is known. `sha256` has
    digests by file name, as `Model.digests` returns them; they are checked before anything is parsed. `image_size` adapts the model
    to images of another size, in pixels. Raises InputError naming the file, tensor or key that is missing, damaged or of another
    model.
    """
    system = SYSTEMS.get(str(name_or_path))
    pinned = dict(sha256 or {})
    pinned_half = {name.removeprefix(IMAGE_HALF): pinned.pop(name) for name in list(pinned) if name.startswith(IMAGE_HALF)}
    parts = [hub.located(name_or_path, revision or (system.repository.revision if system else None), pinned)]
    if images is not None:
        parts.append(hub.located(images, None, pinned_half))
    elif system and system.images:
        parts.append(hub.located(*system.images, pinned_half))
    elif pinned_half:
        raise InputError(
            f"{IMAGE_HALF}{next(iter(pinned_half))}: a SHA-256 is given for it, but the system has no image half of its own"
        )
    read = [folder / name for folder, provenance in parts for name in provenance.files]
    layout = layouts.find(parts[0][0], parts[1][0] if len(parts) > 1 else None, read)
    settings, params = layout.settings, layout.params()
    if image_size is not None:
        settings, params = dual_encoder.resized(settings, params, image_size)
    return Model(settings, params, layout.tokeniser(), tuple(provenance for _, provenance in parts))
