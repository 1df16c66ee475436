"""Sets the paper: paper/paper.typ, with what `analyse` left in paper/tables and paper/figures, as paper/paper.pdf."""

import pathlib

import typst

from clip_italian import files, paths
from clip_italian.errors import InputError


def main() -> None:
    files.write_bytes(paths.PDF, compiled(paths.PAPER))


def compiled(source: pathlib.Path) -> bytes:
    """The PDF, the same bytes for the same files: no date, and no font but those of typst's own wheel.

    Raises InputError with typst's message and hints in one line.
    """
    try:
        return typst.compile(str(source), root=str(source.parent), format="pdf", ignore_system_fonts=True)
    except typst.TypstError as error:
        said = ". ".join(" ".join(part.split()) for part in (error.message, *error.hints))
        remedy = "mend the source, or run `dvc repro` if a table or figure is missing"
        raise InputError(f"{source}: {said}; {remedy}") from None
