"""`load`: any of the systems in `systems.py`, this study's models, or a folder of the same layout."""

import pathlib
from collections.abc import Mapping

from clip_italian.checkpoints import hub, layouts, systems
from clip_italian.checkpoints.model import IMAGE_HALF, Model
from clip_italian.errors import InputError
from clip_italian.models import resolution


def load(
    name_or_path: str | pathlib.Path,
    *,
    images: str | pathlib.Path | None = None,
    revision: str | None = None,
    sha256: Mapping[str, str] | None = None,
    image_size: int | None = None,
) -> Model:
    """A model that encodes images and texts into one space.

    `name_or_path` is a folder, a file of weights in one, or a name of `systems.SYSTEMS` (or another repository of the hub, at
    `revision`). `images` is the same for the image half of systems that have a text tower alone; known for those of `SYSTEMS`.
    `sha256` gives digests by the files' names, as `Model.digests` tells them of a model that was loaded before; they are checked
    before anything is parsed. `image_size`, in pixels a side, is for images of another size than the model's own. Raises
    InputError naming the file, and the tensor or key, when something is missing, damaged or of another model.
    """
    system = systems.SYSTEMS.get(str(name_or_path))
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
        settings, params = resolution.resized(settings, params, image_size)
    return Model(settings, params, layout.tokeniser(), tuple(provenance for _, provenance in parts))
