"""`load`: reads a published system, a model of this study, or a folder of the same layout."""

import pathlib
from collections.abc import Mapping
from typing import NamedTuple

from clip_italian import config
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


def _systems() -> dict[str, System]:
    found = config.read_yaml(pathlib.Path(__file__).with_name("systems.yaml"))
    at = {name: Repository(name, revision) for name, revision in found["revisions"].items()}
    return {name: System(at[name], at[images] if images else None) for name, images in found["systems"].items()}


# The published systems that the study starts from or is compared with, by name.
SYSTEMS = _systems()


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
