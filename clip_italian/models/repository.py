"""The files that a model is read from, in a folder on this machine or a repository of the hub: which they are, and their digests.

A repository often holds the same weights three times over, in hundreds of megabytes each; one of them is chosen by name alone,
so that no other is fetched and nothing is parsed before its digest is known.
"""

import pathlib
import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from clip_italian import files
from clip_italian.errors import InputError
from clip_italian.models import tensor_files
from clip_italian.models.safetensors_file import INDEX
from clip_italian.models.tensors import Tensors, damaged

SETTINGS = {
    "config.json", "open_clip_config.json", "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json",
    "preprocessor_config.json", "processor_config.json",
}  # fmt: skip
TOKENISER = {
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt",
    "merges.txt", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model",
}  # fmt: skip
MODULE = re.compile(r"\d+_\w+/")  # the folder of a module in sentence-transformers
SHARD = re.compile(r"\S+-\d+-of-\d+\.safetensors")


Opener = Callable[[pathlib.Path], Tensors]


class Digest(NamedTuple):
    """What a file held when it was read."""

    sha256: str
    size: int  # bytes


class Provenance(NamedTuple):
    """Where a model's files are from: a folder, or a repository of the hub at a commit; and their digests by name."""

    source: str
    commit: str | None
    files: dict[str, Digest]


def chosen(names: Collection[str], pinned: Collection[str | None] = ()) -> list[str]:
    """Of a repository's files, those that a model is read from: settings, tokeniser, and one kind of weights for each module.

    Weights that are `pinned` are taken before others.
    """
    modules = {name.rpartition("/")[0] for name in names if "/" not in name or MODULE.match(name)}
    return sorted(name for module in modules for name in _of_module(module, names, pinned))


def _of_module(module: str, names: Collection[str], pinned: Collection[str | None]) -> set[str]:
    start = f"{module}/" if module else ""
    here = {name for name in names if name.rpartition("/")[0] == module}
    found = {name for name in here if name.removeprefix(start) in SETTINGS | TOKENISER}
    weights = tensor_files.preferred({name.removeprefix(start) for name in here & set(pinned)})
    weights = weights or tensor_files.preferred({name.removeprefix(start) for name in here})
    if weights is None:
        return found
    shards = {name for name in here if SHARD.fullmatch(name.removeprefix(start))} if weights.endswith(INDEX) else set()
    return found | shards | {start + weights}


def recorded(
    folder: pathlib.Path, source: str, commit: str | None, sha256: Mapping[str, str] | None, weights: str | None = None
) -> Provenance:
    """The digests of the files in a folder that a model is read from; raises InputError where one differs from `sha256`.

    `sha256` gives digests by name: all files that it names must be there, and where it is not empty it must name the weights.
    `weights` is the file of weights to read, where there are several.
    """
    pinned = sha256 or {}
    below = [*folder.iterdir(), *folder.glob("*/*")]
    names = chosen([path.relative_to(folder).as_posix() for path in below if path.is_file()], {weights, *pinned})
    if missing := sorted(set(pinned) - set(names)):
        raise InputError(f"{folder / missing[0]}: missing, or no file that is read, and a SHA-256 is given for it; check the name")
    for name in names:
        if pinned and tensor_files.is_weights(name) and name not in pinned:
            raise InputError(f"{folder / name}: no SHA-256 is given for this file; add the one its publisher states")
    found = {name: Digest(files.sha256(folder / name), (folder / name).stat().st_size) for name in names}
    for name, wanted in pinned.items():
        if found[name].sha256 != wanted.lower():
            raise damaged(str(folder / name), f"has SHA-256 {found[name].sha256} instead of {wanted}")
    return Provenance(source, commit, found)


def opener(*parts: tuple[pathlib.Path, Provenance]) -> Opener:
    """Opens the weights of a folder: the very file whose digest was taken."""
    weights = {
        (folder / name).parent: folder / name
        for folder, provenance in parts
        for name in provenance.files
        if tensor_files.is_weights(name) and not SHARD.fullmatch(pathlib.PurePath(name).name)
    }
    return lambda path: tensor_files.open_tensors(weights.get(path, path))
