"""Files of lines: cut at the byte b"\\n" and nowhere else, so that whoever counts finds the same rows."""

import gzip
import io
import pathlib
import zlib
from collections.abc import Iterator

from clip_italian.errors import InputError

MARK = b"\xef\xbb\xbf"  # byte-order mark
# Bytes of a row. Nothing of WIT is longer than a page of Wikipedia, which MediaWiki keeps below 2 MiB ($wgMaxArticleSize); a row
# has two fields of that kind. A file without a line end, or a quote that is never closed, costs this much memory and no more.
LONGEST = 4 << 20


def lines(path: pathlib.Path, longest: int | None = None) -> Iterator[bytes]:
    """The lines of a file, gzipped or not, without line ends and byte-order mark; blank ones too.

    Of a line of more than `longest` bytes only a beginning is given, itself longer than that, by which it is known.
    Raises InputError when the file is missing or its compressed data are damaged.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            first = True
            while line := _line(file, longest):
                line = line.removesuffix(b"\n").removesuffix(b"\r")
                yield line.removeprefix(MARK) if first else line
                first = False
    except FileNotFoundError:
        raise missing(path) from None
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, error) from None


def _line(file: io.BufferedIOBase, longest: int | None) -> bytes:
    """The next line with its end, empty at the end of the file; of one that is too long, its beginning."""
    if longest is None:
        return file.readline()
    limit = longest + len(MARK) + len(b"\r\n")
    line = rest = file.readline(limit)
    while len(rest) == limit and not rest.endswith(b"\n"):
        rest = file.readline(limit)
    return line


def missing(path: pathlib.Path) -> InputError:
    """The error of a raw file, or of a pattern of them, that is not there."""
    return InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it")


def damaged(path: pathlib.Path, problem: object) -> InputError:
    """The error of a raw file that cannot be read to its end."""
    return InputError(f"{path}: damaged ({problem}); delete it and run `dvc repro`")


def parts(folder: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    """The files of that pattern, gzipped or not, in the order of their names.

    Raises InputError when there is none, and when a file is there both ways, which would count its rows twice.
    """
    found = sorted({*folder.glob(pattern), *folder.glob(f"{pattern}.gz")})
    if not found:
        raise missing(folder / f"{pattern}.gz")
    if twice := [path for path in found if path.with_name(f"{path.name}.gz") in found]:
        raise InputError(f"{twice[0]}: is also there as {twice[0].name}.gz; delete one of the two")
    return found
