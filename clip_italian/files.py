"""Files that are either whole or absent, and their content hashes."""

import contextlib
import glob
import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

from clip_italian.errors import InputError

CHUNK = 1 << 20


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a temporary path beside `path` and renames it over `path` on success; removes it on failure.

    Raises InputError naming the path when the disk is full or may not be written.
    """
    path = pathlib.Path(path)
    temporary = _temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); free space or fix permissions") from error
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(path: pathlib.Path) -> pathlib.Path:
    """A name beside `path` that is this process's own; removes what killed processes left at such names of theirs."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        pid = left.name.split(".")[-2]
        if pid.isdecimal() and not _is_running(int(pid)):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # signal 0 only asks
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's
    return True


@contextlib.contextmanager
def replacing_folder(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Like `replacing`, for a folder: what was at `path` is replaced as a whole, only on success."""
    path = pathlib.Path(path)
    temporary = _temporary(path)
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield temporary
        shutil.rmtree(path, ignore_errors=True)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); free space or fix permissions") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def move_folder(source: pathlib.Path, path: pathlib.Path) -> None:
    """Puts a finished folder at `path`, in place of what was there: whole or not at all, also from another disk."""
    with replacing_folder(path) as temporary:
        temporary.rmdir()
        shutil.move(source, temporary)


def link(source: pathlib.Path, target: pathlib.Path) -> None:
    """Makes `target` a hard link to `source`, or a copy if they are on different disks; replaces `target` atomically."""
    with replacing(target) as temporary:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    """Writes a whole file or nothing."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: pathlib.Path, text: str) -> None:
    """Writes a whole UTF-8 file or nothing."""
    write_bytes(path, text.encode())


def dumps(value: Any) -> str:
    """JSON with sorted keys, one byte sequence per value; NaN is refused because JSON has none."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes `dumps(value)`, whole or not at all."""
    write_text(path, dumps(value))


def read_json(path: pathlib.Path) -> Any:
    """Reads JSON; raises InputError naming the file when it is missing or damaged."""
    try:
        return json.loads(pathlib.Path(path).read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it") from None
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON ({error}); delete it and run `dvc repro`") from None


def sha256(path: pathlib.Path) -> str:
    """SHA-256 of one file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def present(path: pathlib.Path) -> pathlib.Path:
    """The path of an input; raises InputError when nothing is there."""
    if not path.exists():
        raise InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it")
    return path


def lines_of(text: str) -> list[str]:
    """The lines of a text, cut at line feeds alone: `str.splitlines` also cuts at U+2028 and others, which captions may hold."""
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def files_below(root: pathlib.Path) -> list[pathlib.Path]:
    """All files below `root` in the order of their relative names; `root` itself when it is a file."""
    root = pathlib.Path(root)
    if root.is_file():
        return [root]
    return sorted((path for path in root.rglob("*") if path.is_file()), key=lambda path: path.relative_to(root).as_posix())


def tree_digest(*roots: pathlib.Path) -> str:
    """SHA-256 over the relative names and contents of all files below the roots, in the order given."""
    digest = hashlib.sha256()
    for root in roots:
        for path in files_below(present(pathlib.Path(root))):
            name = path.relative_to(root).as_posix()
            digest.update(f"{name}\0{sha256(path)}\0".encode())
    return digest.hexdigest()


MANIFEST = "manifest.json"


def write_manifest(folder: pathlib.Path) -> None:
    """Writes the SHA-256 of every file of `folder` to its manifest."""
    hashes = {path.relative_to(folder).as_posix(): sha256(path) for path in files_below(folder)}
    hashes.pop(MANIFEST, None)
    write_json(folder / MANIFEST, hashes)


def check_replaceable(folder: pathlib.Path) -> None:
    """Raises InputError unless `folder` is missing, or all files in it are as its manifest has them: as this project wrote them.

    For folders that people name and that a command replaces as a whole.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name another folder")
    hashes = read_json(folder / MANIFEST) if (folder / MANIFEST).is_file() else {}
    for path in files_below(folder) if folder.exists() else []:
        name = path.relative_to(folder).as_posix()
        if name != MANIFEST and (not isinstance(hashes, dict) or hashes.get(name) != sha256(path)):
            raise InputError(f"{path}: was not written by this command, or has changed since; name another folder, or move it away")


def check_manifest(folder: pathlib.Path) -> None:
    """Raises InputError naming the file of `folder` that is missing or has other bytes than when the manifest was written."""
    hashes = read_json(folder / MANIFEST)
    if not isinstance(hashes, dict):
        raise InputError(f"{folder / MANIFEST}: not a list of files; delete the folder and run `dvc checkout`")
    for name, wanted in hashes.items():
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: missing; run `dvc repro` (or `dvc checkout`) to make it")
        if (found := sha256(folder / name)) != wanted:
            raise InputError(f"{folder / name}: has SHA-256 {found} instead of {wanted}; delete it and run `dvc checkout`")


def manifest_holds(folder: pathlib.Path) -> bool:
    """Whether `folder` has a manifest and every file in it, and no other, has the bytes it had then."""
    try:
        hashes = json.loads((folder / MANIFEST).read_bytes())
        present = {path.relative_to(folder).as_posix() for path in files_below(folder)} - {MANIFEST}
        return present == set(hashes) and all(sha256(folder / name) == wanted for name, wanted in hashes.items())
    except (OSError, ValueError):
        return False
