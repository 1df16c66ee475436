"""`load`: any of the systems in `systems.py`, this study's models, or a folder of the same layout."""
import functools
import pathlib

from clip_italian.data import tokens
from clip_italian.errors import InputError
from clip_italian.models import assembly, resolution
from clip_italian.use import layouts, systems, texts
from clip_italian.use.model import Clip, Tokenise

# What a folder is read from. Training states, exports and other formats of the same weights stay on the hub.
WANTED = ["*.json", "*.txt", "*.model", "*.safetensors", "*.msgpack", "*pytorch_model.bin", "*/*.json", "*/*.bin", "*/*.txt"]


def load(
    name_or_path: str | pathlib.Path, *, images: str | pathlib.Path | None = None, revision: str | None = None,
    image_size: int | None = None,
) -> Clip:  # fmt: skip
    """A model that encodes pictures and texts into one space.

    `name_or_path` is a folder or a name of `systems.SYSTEMS` (or another repository of the hub), `revision` its commit there.
    `images` is the same for the picture half of systems that have a text tower alone; known for those of `SYSTEMS`.
    `image_size`, in pixels a side, is for pictures of another size than the model's own. Raises InputError naming the
    file, and the tensor or key, when something is missing, damaged or of another model.
    """
    system = systems.SYSTEMS.get(str(name_or_path))
    if images is None and system is not None:
        images = system.images
    folder = local(name_or_path, revision)
    if layouts.kind(folder) == "ours":
        model = assembly.load(folder)
        settings, params = model.settings, model.params
        tokenise: Tokenise = functools.partial(tokens.encode, model.tokenizer, length=settings.text.positions)
    else:
        settings, params = layouts.read(folder, None if images is None else local(images, None))
        tokenise = texts.tokenise(folder, settings)
    if image_size is not None:
        settings, params = resolution.resized(settings, params, image_size)
    return Clip(settings, params, tokenise)


def local(name_or_path: str | pathlib.Path, revision: str | None) -> pathlib.Path:
    """The folder itself, or the hub's copy of it on this machine, fetched if need be."""
    path = pathlib.Path(name_or_path)
    if path.is_dir():
        return path
    import huggingface_hub  # here: takes a second, and folders need none of it

    try:
        return pathlib.Path(huggingface_hub.snapshot_download(str(name_or_path), revision=revision, allow_patterns=WANTED))
    except (huggingface_hub.errors.HfHubHTTPError, huggingface_hub.errors.HFValidationError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{name_or_path}: no such folder, and the hub does not give it ({reason}); check the name") from None
