"""Repositories of the Hugging Face hub: the files that a model is read from, fetched once and kept in the hub's own cache."""

import contextlib
import glob
import pathlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping

from clip_italian import files
from clip_italian.checkpoints import tensor_files
from clip_italian.checkpoints.model import Digest, Provenance
from clip_italian.checkpoints.safetensors_file import INDEX
from clip_italian.checkpoints.tensors import Tensors, damaged, one_line
from clip_italian.errors import InputError

# The files that a model is read from, in a folder on this machine or a repository of the hub: which they are, and their digests.
SETTINGS = {
    "config.json",
    "open_clip_config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "preprocessor_config.json",
    "processor_config.json",
}
TOKENISER = {
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
}
MODULE = re.compile(r"\d+_\w+/")  # the folder of a module in sentence-transformers
SHARD = re.compile(r"\S+-\d+-of-\d+\.safetensors")


Opener = Callable[[pathlib.Path], Tensors]


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


SHA256 = re.compile(r"[0-9a-f]{64}")
NETWORK = "check the network (and HF_ENDPOINT, where it is set), then load again: files that are whole are kept"


def fetch(name: str, revision: str | None, sha256: Mapping[str, str] | None) -> tuple[pathlib.Path, Provenance]:
    """The folder of a repository at a branch, tag or commit (None: its main branch), and what is in it.

    Only the files that `chosen` names are fetched, and a download that breaks off is taken up again a few times.
    Without a network, what was fetched before is used. Raises InputError in words when there is no such repository or revision,
    when it may not be had, when the download fails, and when a file has another SHA-256 than the hub states or `sha256` gives.
    """
    folder, commit = _download(name, revision, sha256 or {})
    provenance = recorded(folder, name, commit, sha256)
    for file, digest in provenance.files.items():
        blob = (folder / file).resolve()  # the cache calls a large file by the SHA-256 that the hub states
        if SHA256.fullmatch(blob.name) and blob.name != digest.sha256:
            raise damaged(str(blob), f"{file} of {name} has SHA-256 {digest.sha256}, the hub states another; delete it")
    return folder, provenance


def _download(name: str, revision: str | None, pinned: Collection[str]) -> tuple[pathlib.Path, str]:
    import huggingface_hub as library  # here: takes a second, and folders need none of it

    with _in_words(name, revision):
        resolved = library.HfApi().resolve_revision(name, revision=revision)
        patterns = [glob.escape(file) for file in chosen(_files(name, resolved.resolved), pinned)]
        return pathlib.Path(library.snapshot_download(name, revision=resolved, allow_patterns=patterns)), resolved.resolved


def _files(name: str, commit: str) -> list[str]:
    """The names of a repository's files; a commit's never change, so that those seen before need no network."""
    import huggingface_hub as library
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        return [entry.path for entry in library.get_cached_repo_tree(name, revision=commit)]
    except CachedRepoTreeNotFoundError:
        tree = library.HfApi().list_repo_tree(name, revision=commit, recursive=True)
        return [entry.path for entry in tree if isinstance(entry, library.hf_api.RepoFile)]


@contextlib.contextmanager
def _in_words(name: str, revision: str | None) -> Iterator[None]:
    """Turns what the hub's library raises into InputError."""
    import httpx2
    from huggingface_hub import errors

    at = f"{name}, revision {revision}" if revision else name
    try:
        yield
    except errors.GatedRepoError:
        raise InputError(f"{at}: its publisher gives it on request only; ask on its page, then run `hf auth login`") from None
    except errors.RepositoryNotFoundError:
        raise InputError(f"{at}: no such folder, no such repository on the hub; check the name, or run `hf auth login`") from None
    except errors.RevisionNotFoundError:
        raise InputError(f"{at}: the repository has no such branch, tag or commit; check `revision`") from None
    except errors.HFValidationError:
        raise InputError(f"{at}: no such folder, and no name of a repository on the hub; check the path") from None
    except (errors.RevisionResolutionError, errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError) as error:
        reason = "HF_HUB_OFFLINE is set" if _is_offline() else f"the hub cannot be reached ({one_line(error.__cause__ or error)})"
        raise InputError(f"{at}: not all of it is on this machine, and {reason}; load it once with a network") from None
    except (errors.HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        raise InputError(f"{at}: the download failed ({one_line(error)}); {NETWORK}") from None


def _is_offline() -> bool:
    from huggingface_hub import constants

    return constants.is_offline_mode()
