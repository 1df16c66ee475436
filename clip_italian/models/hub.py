"""Repositories of the Hugging Face hub: the files that a model is read from, fetched once and kept in the hub's own cache."""

import contextlib
import glob
import pathlib
import re
from collections.abc import Collection, Iterator, Mapping

from clip_italian.errors import InputError
from clip_italian.models import repository
from clip_italian.models.repository import Provenance
from clip_italian.models.tensors import damaged, one_line

SHA256 = re.compile(r"[0-9a-f]{64}")
NETWORK = "check the network (and HF_ENDPOINT, where it is set), then load again: files that are whole are kept"


def fetch(name: str, revision: str | None, sha256: Mapping[str, str] | None) -> tuple[pathlib.Path, Provenance]:
    """The folder of a repository at a branch, tag or commit (None: its main branch), and what is in it.

    Only the files that `repository.chosen` names are fetched, and a download that breaks off is taken up again a few times.
    Without a network, what was fetched before is used. Raises InputError in words when there is no such repository or revision,
    when it may not be had, when the download fails, and when a file has another SHA-256 than the hub states or `sha256` gives.
    """
    folder, commit = _download(name, revision, sha256 or {})
    provenance = repository.recorded(folder, name, commit, sha256)
    for file, digest in provenance.files.items():
        blob = (folder / file).resolve()  # the cache calls a large file by the SHA-256 that the hub states
        if SHA256.fullmatch(blob.name) and blob.name != digest.sha256:
            raise damaged(str(blob), f"{file} of {name} has SHA-256 {digest.sha256}, the hub states another; delete it")
    return folder, provenance


def _download(name: str, revision: str | None, pinned: Collection[str]) -> tuple[pathlib.Path, str]:
    import huggingface_hub as library  # here: takes a second, and folders need none of it

    with _in_words(name, revision):
        resolved = library.HfApi().resolve_revision(name, revision=revision)
        patterns = [glob.escape(file) for file in repository.chosen(_files(name, resolved.resolved), pinned)]
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
