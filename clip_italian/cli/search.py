"""`python -m clip_italian search`: finds the images of an index by a text."""

import argparse
import pathlib

from clip_italian import files
from clip_italian.cli.options import above_zero
from clip_italian.errors import InputError
from clip_italian.use.search import searching, store


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("query", nargs="+", help="what the images should show, such as `due cavalli marroni`; may be repeated")
    command.add_argument("--index", type=pathlib.Path, help=f"folder of the index (default: the only *{store.SUFFIX} here)")
    command.add_argument("--model", help="folder or name of the index's model, where it has moved")
    command.add_argument("--count", type=above_zero, default=10, help="images to list (default: %(default)s)")
    graph = "compare with few of the images, by a graph that is made once: for millions of images; may miss some (needs usearch)"
    command.add_argument("--approximate", action="store_true", help=graph)
    command.add_argument("--html", type=pathlib.Path, help="also write a contact sheet: one page that needs no other file")


def run(options: argparse.Namespace) -> None:
    """Prints each query's images with their cosines."""
    index = searching.Index(options.index or _only_index(), options.approximate)
    model = index.model(options.model)
    answers = [(query, index.nearest(searching.query_of(model, query), options.count)) for query in options.query]
    for query, hits in answers:
        print(query)
        for hit in hits:
            copies = f"  and {len(hit.copies)} of the same bytes" if hit.copies else ""
            print(f"  {hit.score:6.3f}  {hit.path}{copies}")
    if options.html:
        from clip_italian.use.search import contact_sheet  # here: only this option needs it

        files.write_text(options.html, contact_sheet.page(answers))
        print(f"{options.html}: written")


def _only_index() -> pathlib.Path:
    found = sorted(path for path in pathlib.Path().glob(f"*{store.SUFFIX}") if path.is_dir())
    if len(found) != 1:
        known = f"there are {', '.join(map(str, found))}" if found else "none is here; `python -m clip_italian index` makes one"
        raise InputError(f"--index: say which; {known}")
    return found[0]
