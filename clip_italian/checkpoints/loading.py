"""`load`: any of the systems in `systems.py`, this study's models, or a folder of the same layout."""

import functools
import pathlib
from collections.abc import Mapping

from tokenizers import Tokenizer

from clip_italian.checkpoints import hub, layouts, systems, tokenisers
from clip_italian.checkpoints.hub import Provenance
from clip_italian.checkpoints.model import Clip, Tokenise
from clip_italian.data import tokens
from clip_italian.errors import InputError
from clip_italian.models import resolution
from clip_italian.models.dual_encoder import DualEncoderSettings

PICTURES = "images/"  # before the names of files of the picture half


def load(
    name_or_path: str | pathlib.Path,
    *,
    images: str | pathlib.Path | None = None,
    revision: str | None = None,
    sha256: Mapping[str, str] | None = None,
    image_size: int | None = None,
) -> Clip:
    """A model that encodes pictures and texts into one space.

    `name_or_path` is a folder, a file of weights in one, or a name of `systems.SYSTEMS` (or another repository of the hub, at
    `revision`). `images` is the same for the picture half of systems that have a text tower alone; known for those of `SYSTEMS`.
    `sha256` gives digests by the files' names, as `digests` tells them of a model that was loaded before; they are checked
    before anything is parsed. `image_size`, in pixels a side, is for pictures of another size than the model's own. Raises
    InputError naming the file, and the tensor or key, when something is missing, damaged or of another model.
    """
    system = systems.SYSTEMS.get(str(name_or_path))
    pinned = dict(sha256 or {})
    theirs = {name: pinned.pop(name) for name in list(pinned) if name.startswith(PICTURES)}
    folder, provenance = located(name_or_path, revision or (system.repository.revision if system else None), pinned)
    parts = [(folder, provenance)]
    if images is not None:
        parts.append(located(images, None, _unprefixed(theirs)))
    elif system and system.images:
        parts.append(located(*system.images, _unprefixed(theirs)))
    elif theirs:
        raise InputError(f"{next(iter(theirs))}: a SHA-256 is given for it, but the system has no picture half of its own")
    settings, params = layouts.read(folder, parts[-1][0] if len(parts) > 1 else None, hub.opener(*parts))
    ours = layouts.kind(folder) == "ours"
    encode = as_trained(tokens.load(folder), settings) if ours else tokenisers.tokenise(folder, settings)
    if image_size is not None:
        settings, params = resolution.resized(settings, params, image_size)
    return Clip(settings, params, encode, tuple(provenance for _, provenance in parts))


def as_trained(tokenizer: Tokenizer, settings: DualEncoderSettings) -> Tokenise:
    """Texts to tokens by the tokeniser of a model of this study."""
    return functools.partial(tokens.encode, tokenizer, length=settings.text.positions)


def digests(model: Clip) -> dict[str, str]:
    """SHA-256 of every file that a model was read from, by name; those of a picture half of its own behind `images/`."""
    whole, *pictures = model.provenance
    own = {name: digest.sha256 for name, digest in whole.files.items()}
    return own | {f"{PICTURES}{name}": digest.sha256 for one in pictures for name, digest in one.files.items()}


def _unprefixed(pinned: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(PICTURES): digest for name, digest in pinned.items()}


def located(
    name_or_path: str | pathlib.Path, revision: str | None, sha256: Mapping[str, str] | None
) -> tuple[pathlib.Path, Provenance]:
    """The folder itself, or the hub's copy of it on this machine, fetched if need be; and the digests of what is in it."""
    path = pathlib.Path(name_or_path)
    if path.is_dir():
        return path, hub.recorded(path, str(path), None, sha256)
    if path.is_file():
        return path.parent, hub.recorded(path.parent, str(path), None, sha256, path.name)
    if isinstance(name_or_path, pathlib.Path) or name_or_path.startswith((".", "/", "~")):
        raise InputError(f"{path}: no such folder; check the path")
    return hub.fetch(name_or_path, revision, sha256)
