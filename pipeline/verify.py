"""Checks what lies on the disk against what the study says of itself: `python -m pipeline.verify`.

DVC trusts its cache and the times of files, so a flipped bit in either goes unseen; here every byte is read again. The results
that git holds are checked too, as far as this machine can (pipeline/committed.py).
"""

import fnmatch
import functools
import hashlib
import json
import pathlib
import subprocess
import sys

from clip_italian import config, files
from clip_italian.errors import InputError
from pipeline import committed, lock
from pipeline.lock import LOCK

IGNORED = ("__pycache__", "*.tmp")  # as .dvcignore says


def md5(path: pathlib.Path) -> str:
    """MD5 of one file's bytes, in hexadecimal, as DVC names its cache."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(files.CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def listing(folder: pathlib.Path) -> dict[str, str]:
    """The MD5 of every file below a folder by relative name, without what DVC ignores."""
    found = {path.relative_to(folder).as_posix(): path for path in files.files_below(folder)}
    return {name: md5(path) for name, path in found.items() if not _ignored(name)}


def _ignored(name: str) -> bool:
    return any(fnmatch.fnmatch(part, pattern) for part in name.split("/") for pattern in IGNORED)


def listing_md5(entries: dict[str, str]) -> str:
    """Returns DVC's hash of a folder: the MD5 of its listing as JSON, followed by `.dir`."""
    rows = [{"md5": entries[name], "relpath": name} for name in sorted(entries)]
    return hashlib.md5(json.dumps(rows, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


@functools.cache
def cache() -> pathlib.Path:
    """The folder of the cache's objects, wherever DVC is configured to keep it; raises InputError where DVC does not say."""
    try:
        done = subprocess.run(["dvc", "cache", "dir"], capture_output=True, text=True)
    except FileNotFoundError:
        raise InputError("`dvc` is not on the search path; use `make verify`") from None
    if done.returncode:
        raise InputError(f"`dvc cache dir`: {done.stderr.strip()}; run it in the repository's folder")
    folder = pathlib.Path(done.stdout.strip(), "files/md5")
    return folder.relative_to(pathlib.Path.cwd()) if folder.is_relative_to(pathlib.Path.cwd()) else folder


def cached(name: str) -> pathlib.Path:
    """Where the cache keeps the object of that MD5."""
    return cache() / name[:2] / name[2:]


def locked_outputs() -> dict[pathlib.Path, str]:
    """The MD5 of every output that dvc.lock lists; raises InputError where it is missing or cut short."""
    if not LOCK.exists():
        raise InputError(f"{LOCK}: missing, nothing has run yet; run `make repro`")
    return {pathlib.Path(out["path"]): out["md5"] for stage in lock.read().values() for out in stage["outs"]}


def check_cache(outputs: dict[pathlib.Path, str]) -> int:
    """Hashes every object of the cache and returns how many; raises InputError naming the first damaged one."""
    objects = [path for path in files.files_below(cache()) if not _ignored(path.name)] if cache().exists() else []
    for path in objects:
        name = path.parent.name + path.name
        if md5(path) != name.removesuffix(".dir"):
            owner = _owner(name, outputs)
            remedy = f"delete it and {owner}, then run `dvc repro`" if owner else "delete it; the present study does not use it"
            raise InputError(f"{path}: damaged, its bytes are not those it is named after; {remedy}")
    return len(objects)


def _owner(name: str, outputs: dict[pathlib.Path, str]) -> pathlib.Path | None:
    """The output that an object of the cache belongs to."""
    return next((path for path, locked in outputs.items() if name == locked or name in _cached_listing(locked).values()), None)


def _cached_listing(locked: str) -> dict[str, str]:
    """The listing of a folder as the cache holds it; empty for a file or when the cache lacks it."""
    path = cached(locked)
    if not locked.endswith(".dir") or not path.exists():
        return {}
    try:
        return {row["relpath"]: row["md5"] for row in json.loads(path.read_bytes())}
    except ValueError:  # the listing itself is the damaged object
        return {}


def check_outputs(outputs: dict[pathlib.Path, str]) -> tuple[int, list[pathlib.Path]]:
    """Hashes every output; returns how many are as locked and which are absent; raises InputError for any other."""
    absent = [path for path in outputs if not path.exists()]
    for path in outputs.keys() - set(absent):
        if path.is_dir():
            entries = listing(path)
            if listing_md5(entries) != outputs[path]:
                raise _changed(path / _first_difference(entries, _cached_listing(outputs[path])), path, outputs[path])
        elif md5(path) != outputs[path]:
            raise _changed(path, path, outputs[path])
    return len(outputs) - len(absent), absent


def _first_difference(entries: dict[str, str], wanted: dict[str, str]) -> str:
    """The first file that is not as wanted; empty when the cache does not know the folder."""
    names = sorted(name for name in entries.keys() | wanted.keys() if entries.get(name) != wanted.get(name))
    return names[0] if wanted and names else ""


def _changed(path: pathlib.Path, output: pathlib.Path, locked: str) -> InputError:
    # Deleting first, because DVC believes a file whose time and size have not changed.
    command = f"dvc checkout {output}" if cached(locked).exists() else "dvc repro"
    return InputError(f"{path}: not what {LOCK} says; delete {output} and run `{command}`")


def main() -> None:
    """Prints what was checked; exits 1 with one line at the first thing that is not as it should be."""
    try:
        outputs = locked_outputs()
        print(f"{cache()}: {check_cache(outputs)} objects, none damaged")
        intact, absent = check_outputs(outputs)
        print(f"{LOCK}: {intact} outputs as it says")
        if absent:
            print(f"{len(absent)} outputs are not here, {absent[0]} first; `dvc checkout` or `dvc repro` makes them")
        committed.check(config.params())
    except InputError as error:
        sys.exit(f"verify: {error}")


if __name__ == "__main__":
    main()
