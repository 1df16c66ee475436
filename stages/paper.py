"""Sets the paper: paper/paper.typ, with what `analyse` left in paper/tables and paper/figures, as paper/paper.pdf.

Beside it site/numbers.html, to which the paper's numbers link: where each is written, and the command that prints it.
"""

import json
import pathlib

import typst

from clip_italian import files, paths
from clip_italian.errors import InputError
from clip_italian.runs import numbers


def main() -> None:
    pdf, used = compiled(paths.PAPER)
    files.write_bytes(paths.PDF, pdf)
    known, runs = (files.read_json(paths.TABLES / f"{name}.json") for name in ("numbers", "runs"))
    files.write_text(paths.NUMBERS_PAGE, numbers.page(used, known, runs))


def compiled(source: pathlib.Path) -> tuple[bytes, list[numbers.Used]]:
    """The PDF, and the numbers that it prints.

    It is the same bytes for the same files: no date, and no font but those of typst's own wheel. Raises InputError with typst's
    message and hints in one line.
    """
    try:
        compiler = typst.Compiler(str(source), root=str(source.parent), ignore_system_fonts=True)
        pdf = compiler.compile(format="pdf")
        assert isinstance(pdf, bytes)  # one file, for no file name was given
        return pdf, json.loads(compiler.query("<used-number>", field="value"))
    except typst.TypstError as error:
        said = ". ".join(" ".join(part.split()) for part in (error.message, *error.hints))
        remedy = "mend the source, or run `dvc repro` if a table or figure is missing"
        raise InputError(f"{source}: {said}; {remedy}") from None
