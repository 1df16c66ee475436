"""`python -m clip_italian demo`: shows a model and images in a browser."""

import argparse
import hashlib
import importlib.util
import pathlib
import sys

from clip_italian import files, paths
from clip_italian.checkpoints import loading
from clip_italian.cli.options import MODEL
from clip_italian.errors import InputError
from clip_italian.use.demo import shipping
from clip_italian.use.demo.core import Demo
from clip_italian.use.search import building, store
from clip_italian.use.search.searching import Index

SCRATCH = pathlib.Path(".state/demo")  # indexes of the images that ship, by other models
MISSING = "gradio is not installed; `make demo` makes an environment that has it, or install what requirements-demo.lock lists"


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("--model", help=f"{MODEL} (default: demo/model)")
    command.add_argument("--images", help="folder or name of its image tower, where that is a model of its own")
    searched = command.add_mutually_exclusive_group()
    searched.add_argument("--index", type=pathlib.Path, help="an index of the images to search, by the same model")
    searched.add_argument("--folder", type=pathlib.Path, help="folder or zip of images; FOLDER.index is made or updated")
    command.add_argument("--port", type=int, help="(default: the first free one from 7860 on)")


def run(chosen: argparse.Namespace) -> None:
    """Serves the demo until it is interrupted."""
    if importlib.util.find_spec("gradio") is None:
        raise InputError(MISSING)
    serve(chosen_demo(chosen.model, chosen.images, chosen.index, chosen.folder), chosen.port)


def serve(demo: Demo, port: int | None = None) -> None:
    """Serves a demo until it is interrupted; raises InputError when the port is taken."""
    from clip_italian.use.demo import app  # here: an environment without gradio has the other commands

    app.serve(demo, port)


def chosen_demo(
    model: str | None = None,
    images: str | None = None,
    index: pathlib.Path | None = None,
    folder: pathlib.Path | None = None,
    shipped: pathlib.Path = paths.DEMO,
) -> Demo:
    """The model and images of the command's options; without them, those that ship in the folder `shipped`.

    Raises InputError if nothing ships there, or if the index is by another model.
    """
    if index:
        found = Index(index)
        return Demo(found.model(model), found, _is_shipped(found, shipped))
    if model or folder:
        found = _indexed(model or str(shipping.shipped(shipped)[0]), images, folder, shipped / shipping.PICTURES)
        return Demo(found.model(model), found, _is_shipped(found, shipped))
    own_model, own_index = shipping.shipped(shipped)
    found = Index(own_index)
    return Demo(found.model(str(own_model)), found, ships=True)


def _indexed(name: str, images: str | None, folder: pathlib.Path | None, shipped: pathlib.Path) -> Index:
    """The index of the folder, or of the shipped images, built or updated first."""
    model = loading.load(name, images=images)
    if folder:
        path = store.default_path(folder)
    else:
        path = SCRATCH / f"{hashlib.sha256(files.dumps(model.digests()).encode()).hexdigest()[:12]}{store.SUFFIX}"
    origin = building.origin(model, folder or shipped, name, images)
    print(f"{path}: {building.build(model, origin, path, progress=sys.stderr.isatty()).lines()}")
    return Index(path)


def _is_shipped(index: Index, shipped: pathlib.Path) -> bool:
    """Whether an index is by the shipped model."""
    path = shipped / shipping.INDEX
    return (path / store.MANIFEST).is_file() and store.origin(path).digests == index.origin.digests
