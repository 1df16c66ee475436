"""What people do with pictures, from a shell: index a folder, search it in words, classify, say where something is."""

import argparse
import pathlib
import sys
from typing import Any

import numpy as np
from PIL import Image

from clip_italian import files
from clip_italian.checkpoints import loading, pictures
from clip_italian.errors import InputError
from clip_italian.use.search import building, classifying, contact_sheet, localising, searching
from clip_italian.use.search.searching import Index

SUFFIX = ".index"


def add(commands: Any) -> None:
    """Adds the commands."""
    _add_index(commands)
    _add_search(commands)
    _add_classify(commands)
    _add_localise(commands)


def add_model(command: Any) -> None:
    """Adds the options that say which model."""
    command.add_argument("--model", required=True, help="folder or name of a model, as `clip_italian.load` takes it")
    command.add_argument("--images", help="folder or name of its picture half, where that is a model of its own")


def _add_index(commands: Any) -> None:
    index = commands.add_parser("index", help="encode a folder of pictures once, to be searched; again: what is new in it")
    index.add_argument("folder", type=pathlib.Path, help="folder of pictures, with those below it, or a zip of them")
    add_model(index)
    index.add_argument("--index", type=pathlib.Path, help=f"folder of the index (default: FOLDER{SUFFIX})")
    index.set_defaults(run=run_index)


def _add_search(commands: Any) -> None:
    search = commands.add_parser("search", help="find the pictures of an index that show what is said")
    search.add_argument("query", nargs="+", help="what is to be seen, such as `due cavalli marroni`; several are asked in turn")
    search.add_argument("--index", type=pathlib.Path, help=f"folder of the index (default: the only one here, *{SUFFIX})")
    search.add_argument("--model", help="folder or name of the index's model, where it has moved")
    search.add_argument("--count", type=_positive, default=10, help="pictures (default: %(default)s)")
    graph = "look at few of the pictures, by a graph that is made once: for millions; may miss some (needs usearch)"
    search.add_argument("--approximate", action="store_true", help=graph)
    search.add_argument("--html", type=pathlib.Path, help="also write a contact sheet, a page that needs no other file")
    search.set_defaults(run=run_search)


def _add_classify(commands: Any) -> None:
    classify = commands.add_parser("classify", help="say how likely each of some labels is of a picture")
    classify.add_argument("picture", nargs="+", type=pathlib.Path, help="file; several are classified in turn")
    classify.add_argument("--labels", nargs="+", required=True, help="at least two, such as `un gatto` `un cane`")
    classify.add_argument("--templates", nargs="+", default=list(classifying.TEMPLATES), help="such as `una foto di {}`")
    add_model(classify)
    classify.set_defaults(run=run_classify)


def _add_localise(commands: Any) -> None:
    localise = commands.add_parser("localise", help="say where in a picture something is, as a heat map over it")
    localise.add_argument("picture", type=pathlib.Path)
    localise.add_argument("text", help="what to look for, such as `un gatto`")
    localise.add_argument("--out", type=pathlib.Path, help="file of the heat map (default: PICTURE.heat.png here)")
    methods = {"choices": ("windows", "relevance"), "help": "the demo's, or by the gradient (default: %(default)s)"}
    localise.add_argument("--method", default="windows", **methods)
    grids = "cells a side of each scale of `windows` (default: %(default)s)"
    localise.add_argument("--grids", type=int, nargs="+", default=list(localising.GRIDS), help=grids)
    add_model(localise)
    localise.set_defaults(run=run_localise)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def run_index(chosen: argparse.Namespace) -> None:
    """Prints what became of the folder's files."""
    path = chosen.index or chosen.folder.with_name(chosen.folder.resolve().name + SUFFIX)
    model = loading.load(chosen.model, images=chosen.images)
    origin = building.origin(model, chosen.folder, chosen.model, chosen.images)
    report = building.build(model, origin, path, progress=sys.stderr.isatty())
    print(report.lines())
    print(f'{path}: written; `python -m clip_italian search "un gatto" --index {path}` asks it')


def run_search(chosen: argparse.Namespace) -> None:
    """Prints each query's pictures with their cosines."""
    index = Index(chosen.index or _only_index(), chosen.approximate)
    model = index.model(chosen.model)
    answers = [(query, index.nearest(searching.query_of(model, query), chosen.count)) for query in chosen.query]
    for query, hits in answers:
        print(query)
        for hit in hits:
            copies = f"  and {len(hit.copies)} of the same bytes" if hit.copies else ""
            print(f"  {hit.score:6.3f}  {hit.path}{copies}")
    if chosen.html:
        files.write_text(chosen.html, contact_sheet.page(answers))
        print(f"{chosen.html}: written")


def _only_index() -> pathlib.Path:
    found = sorted(path for path in pathlib.Path().glob(f"*{SUFFIX}") if path.is_dir())
    if len(found) != 1:
        known = f"there are {', '.join(map(str, found))}" if found else "none is here; `python -m clip_italian index` makes one"
        raise InputError(f"--index: say which; {known}")
    return found[0]


def run_classify(chosen: argparse.Namespace) -> None:
    """Prints every picture's labels, the likeliest first."""
    model = loading.load(chosen.model, images=chosen.images)
    rows = classifying.probabilities(model, chosen.picture, chosen.labels, chosen.templates)
    for path, row in zip(chosen.picture, rows, strict=True):
        print(path)
        for place in np.argsort(-row, kind="stable"):
            print(f"  {row[place]:7.2%}  {chosen.labels[place]}")


def run_localise(chosen: argparse.Namespace) -> None:
    """Writes the picture with what is not the text in the dark, and prints where it is brightest."""
    searching.check_query(chosen.text)
    pixels = pictures.opened(chosen.picture)
    out = chosen.out or pathlib.Path(f"{chosen.picture.stem}.heat.png")
    model = loading.load(chosen.model, images=chosen.images)
    heat = localising.localise(model, pixels, [chosen.text], chosen.method, chosen.grids)[0]
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    with files.replacing(out) as temporary:
        Image.fromarray(localising.over(pixels, heat)).save(temporary, format="PNG")
    print(f"{chosen.text}: brightest at column {column}, row {row} of {heat.shape[1]} x {heat.shape[0]} pixels")
    print(f"{out}: written")
