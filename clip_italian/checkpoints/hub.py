"""The files of a model: in a folder, or downloaded once from the Hugging Face hub into the hub's cache."""

import contextlib
import glob
import pathlib
import re
from collections.abc import Collection, Iterator, Mapping

from clip_italian import files
from clip_italian.checkpoints import tensor_files
from clip_italian.checkpoints.model import Digest, Provenance
from clip_italian.checkpoints.safetensors_file import INDEX
from clip_italian.checkpoints.tensors import damaged, one_line
from clip_italian.errors import InputError

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


def chosen(names: Collection[str], pinned: Collection[str] = ()) -> list[str]:
    """Selects the files to read among a repository's files `names`: settings, tokeniser, and one weights file per module.

    Weights that are `pinned` are preferred to others.
    """
    found = set()
    for module in {name.rpartition("/")[0] for name in names if "/" not in name or MODULE.match(name)}:
        start = f"{module}/" if module else ""
        own = {name.removeprefix(start) for name in names if name.rpartition("/")[0] == module}
        read = own & (SETTINGS | TOKENISER)
        weights = tensor_files.preferred({name for name in own if start + name in pinned}) or tensor_files.preferred(own)
        if weights is not None:
            read |= {weights} | ({name for name in own if SHARD.fullmatch(name)} if weights.endswith(INDEX) else set())
        found |= {start + name for name in read}
    return sorted(found)


SHA256 = re.compile(r"[0-9a-f]{64}")
NETWORK = "check the network (and HF_ENDPOINT, where it is set), then load again: files that are whole are kept"


def located(
    name_or_path: str | pathlib.Path, revision: str | None = None, sha256: Mapping[str, str] | None = None
) -> tuple[pathlib.Path, Provenance]:
    """The folder of a model on this machine, and the digests of the files that are read.

    `name_or_path` is a folder, a weights file in a folder, or a repository of the hub at the branch, tag or commit `revision`
    (None: its main branch). The files that `chosen` selects are downloaded from a repository unless they are in the cache;
    a cached model needs no network. An interrupted download is resumed a few times.

    `sha256` gives digests by file name. All files that it names must exist; unless it is empty, it must name the weights. Raises
    InputError if the folder, repository or revision does not exist, if access is denied, if the download fails, or if a file
    differs from the SHA-256 in `sha256` or on the hub.
    """
    path, pinned, commit = pathlib.Path(name_or_path), sha256 or {}, None
    folder = path if path.is_dir() else path.parent
    if not path.is_dir() and not path.is_file():
        if isinstance(name_or_path, pathlib.Path) or name_or_path.startswith((".", "/", "~")):
            raise InputError(f"{path}: no such folder; check the path")
        folder, commit = _download(name_or_path, revision, pinned)
    files_below = [file for file in (*folder.iterdir(), *folder.glob("*/*")) if file.is_file()]
    names = chosen([file.relative_to(folder).as_posix() for file in files_below], {*pinned, path.name})
    _check_names(folder, names, pinned)
    digests = {name: Digest(files.sha256(folder / name), (folder / name).stat().st_size) for name in names}
    for name, wanted in pinned.items():
        if digests[name].sha256 != wanted.lower():
            raise damaged(str(folder / name), f"has SHA-256 {digests[name].sha256} instead of {wanted}")
    if commit is not None:
        _check_blobs(folder, digests, str(name_or_path))
    return folder, Provenance(str(name_or_path), commit, digests)


def _check_names(folder: pathlib.Path, names: list[str], pinned: Mapping[str, str]) -> None:
    """Raises InputError if a file with a given SHA-256 is not among those that are read, or if weights have none."""
    if missing := sorted(set(pinned) - set(names)):
        raise InputError(f"{folder / missing[0]}: missing or never read, but a SHA-256 is given for it; check the name")
    for name in names:
        if pinned and tensor_files.is_weights(name) and name not in pinned:
            raise InputError(f"{folder / name}: no SHA-256 is given for this file; add the one its publisher states")


def _check_blobs(folder: pathlib.Path, digests: Mapping[str, Digest], repository: str) -> None:
    """Raises InputError for a cached file that differs from the hub's: the cache names a large file by its SHA-256."""
    for name, digest in digests.items():
        blob = (folder / name).resolve()
        if SHA256.fullmatch(blob.name) and blob.name != digest.sha256:
            problem = f"{name} of {repository} has SHA-256 {digest.sha256}, the hub states another; delete it"
            raise damaged(str(blob), problem)


def _download(name: str, revision: str | None, pinned: Collection[str]) -> tuple[pathlib.Path, str]:
    import huggingface_hub as library  # here: takes a second, and folders need none of it

    with _input_errors(name, revision):
        resolved = library.HfApi().resolve_revision(name, revision=revision)
        patterns = [glob.escape(file) for file in chosen(_files(name, resolved.resolved), pinned)]
        return pathlib.Path(library.snapshot_download(name, revision=resolved, allow_patterns=patterns)), resolved.resolved


def _files(name: str, commit: str) -> list[str]:
    """The names of the files of a commit of a repository; a list in the cache needs no network."""
    import huggingface_hub as library
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        return [entry.path for entry in library.get_cached_repo_tree(name, revision=commit)]
    except CachedRepoTreeNotFoundError:
        tree = library.HfApi().list_repo_tree(name, revision=commit, recursive=True)
        return [entry.path for entry in tree if isinstance(entry, library.hf_api.RepoFile)]


@contextlib.contextmanager
def _input_errors(name: str, revision: str | None) -> Iterator[None]:
    """Turns the errors of huggingface_hub into InputError."""
    import httpx2
    from huggingface_hub import constants, errors

    at = f"{name}, revision {revision}" if revision else name
    try:
        yield
    except errors.GatedRepoError:
        raise InputError(f"{at}: its publisher grants access on request; ask on its page, then run `hf auth login`") from None
    except errors.RepositoryNotFoundError:
        raise InputError(f"{at}: no such folder, no such repository on the hub; check the name, or run `hf auth login`") from None
    except errors.RevisionNotFoundError:
        raise InputError(f"{at}: the repository has no such branch, tag or commit; check `revision`") from None
    except errors.HFValidationError:
        raise InputError(f"{at}: no such folder, and no name of a repository on the hub; check the path") from None
    except (errors.RevisionResolutionError, errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError) as error:
        reason = (
            "HF_HUB_OFFLINE is set"
            if constants.is_offline_mode()
            else f"the hub cannot be reached ({one_line(error.__cause__ or error)})"
        )
        raise InputError(f"{at}: not all of it is on this machine, and {reason}; load it once with a network") from None
    except (errors.HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        raise InputError(f"{at}: the download failed ({one_line(error)}); {NETWORK}") from None
