"""`load`: any of the systems in `systems.py`, this study's models, or a folder of the same layout."""
import functools
import pathlib
from typing import Any

import numpy as np

from clip_italian import files
from clip_italian.data import tokens
from clip_italian.data.tokens import Tokens
from clip_italian.errors import InputError
from clip_italian.models import assembly
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.use import layouts, systems
from clip_italian.use.model import Clip, Tokenise

# What a folder is read from. Training states, exports and other formats of the same weights stay on the hub.
WANTED = ["*.json", "*.txt", "*.model", "*.safetensors", "*.msgpack", "*pytorch_model.bin", "*/*.json", "*/*.bin", "*/*.txt"]
LONGEST = 512  # tokens, where neither the tower nor the system says less


def load(name_or_path: str | pathlib.Path, *, images: str | pathlib.Path | None = None, revision: str | None = None) -> Clip:
    """A model that encodes pictures and texts into one space.

    `name_or_path` is a folder or a name of `systems.SYSTEMS` (or another repository of the hub), `revision` its commit there.
    `images` is the same for the picture half of systems that have a text tower alone; known for those of `SYSTEMS`. Raises
    InputError naming the file, and the tensor or key, when something is missing, damaged or of another model.
    """
    system = systems.SYSTEMS.get(str(name_or_path))
    if images is None and system is not None:
        images = system.images
    folder = local(name_or_path, revision)
    if layouts.kind(folder) == "ours":
        model = assembly.load(folder)
        length = model.settings.text.positions
        return Clip(model.settings, model.params, functools.partial(tokens.encode, model.tokenizer, length=length))
    settings, params = layouts.read(folder, None if images is None else local(images, None))
    return Clip(settings, params, tokenise(folder, settings))


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


def tokenise(folder: pathlib.Path, settings: DualEncoderSettings) -> Tokenise:
    """Texts to tokens, by the tokeniser that transformers finds in a folder; cut to the longest text of the system."""
    import transformers

    where, length = tokenizer_folder(folder), longest(folder, settings.text.positions)
    try:
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(where))
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise InputError(f"{where}: no tokeniser that transformers can read ({str(error).splitlines()[0]})") from None
    fixed = isinstance(settings.text, ClipTextSettings) and settings.text.reading == "fixed"

    def encode(texts: list[str]) -> Tokens:
        padded = tokenizer(texts, truncation=True, max_length=length, padding="max_length")
        mask = np.array(padded["attention_mask"], bool) if not fixed else np.ones((len(texts), length), bool)
        return Tokens(np.array(padded["input_ids"], np.int32), mask)

    return encode


def tokenizer_folder(folder: pathlib.Path) -> pathlib.Path:
    """Where the tokeniser lies: with the transformer, in folders of sentence-transformers."""
    if layouts.kind(folder) != "sentence_transformers":
        return folder
    return layouts.module_folder(folder, "Transformer")


def longest(folder: pathlib.Path, positions: int) -> int:
    """The longest text in tokens: what the system was trained with, which may be less than the tower could take."""
    trained = {"vision-text-dual-encoder": 96, "hybrid-clip": 96}.get(layouts.kind(folder), LONGEST)
    settings = tokenizer_folder(folder) / "sentence_bert_config.json"
    if settings.exists():
        trained = files.read_json(settings).get("max_seq_length") or trained
    return min(trained, positions)
