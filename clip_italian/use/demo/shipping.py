"""Writes the demo's files in the repository: a small model, drawn images, and their index.

demo/model           a copy of one of the study's models
demo/pictures.zip    drawn scenes outside the study's sets: some for each query of the gallery, and random ones
demo/pictures.index  the index of these images by that model
"""

import pathlib
import re
import shutil
import tempfile
import zipfile

import simplejpeg

from clip_italian import files, paths
from clip_italian.checkpoints import loading
from clip_italian.config import Settings
from clip_italian.data import archives
from clip_italian.errors import InputError
from clip_italian.use.search import building, store
from clip_italian.use.search.store import Origin
from clip_italian.world.drawing.render import render
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.scenes.compose import compose, stage
from clip_italian.world.scenes.scene import Scene, image_size_of
from clip_italian.world.scenes.truth import GALLERY, full_statement

MODEL, PICTURES, INDEX = "model", "pictures.zip", "pictures.index"
NONE = "none.md"
LARGEST = 3_000_000  # bytes of the model, which is part of every clone
QUERY_PURPOSE, OTHER_PURPOSE = 81, 82  # keep these scenes apart from those of the study


class DemoSettings(Settings):
    """Section `demo` of a profile."""

    seed: int  # of the scenes
    of_each_query: int  # images made for each query of the gallery
    others: int  # random images; if both numbers are 0, nothing ships
    height: int  # pixels
    jpeg_quality: int  # 1 to 100


def scenes(settings: DemoSettings) -> list[Scene]:
    """The scenes of the images, in order."""
    queries = [statement for statement in GALLERY for _ in range(settings.of_each_query)]
    staged = [stage(statement, settings.seed, number, QUERY_PURPOSE) for number, statement in enumerate(queries)]
    return staged + [compose(settings.seed, number, "seen", OTHER_PURPOSE) for number in range(settings.others)]


def names(drawn: list[Scene]) -> list[str]:
    """A file name for each scene, with its description: 017-due-cavalli-marroni.jpg."""
    descriptions = (re.sub(r"\W+", "-", ITALIAN.plain(full_statement(scene))) for scene in drawn)
    return [f"{number:03d}-{words}.jpg" for number, words in enumerate(descriptions)]


def write(model: pathlib.Path, settings: DemoSettings, scratch: pathlib.Path) -> None:
    """Writes the model, the images and the index; unfinished files lie below `scratch`.

    Raises InputError if the model is larger than LARGEST.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as made:
        if settings.of_each_query + settings.others:
            _write_all(pathlib.Path(made), model, settings)
        else:
            _write_none(pathlib.Path(made), model)
        with files.replacing(paths.DEMO / PICTURES) as archive:
            shutil.copyfile(pathlib.Path(made, PICTURES), archive)
        for name in (MODEL, INDEX):
            files.move_folder(pathlib.Path(made, name), paths.DEMO / name)


def _write_all(folder: pathlib.Path, model: pathlib.Path, settings: DemoSettings) -> None:
    size = sum(path.stat().st_size for path in files.files_below(files.present(model)))
    if size > LARGEST:
        raise InputError(
            f"{model}: has {size:,} bytes, and a shipped model at most {LARGEST:,}; set `demo.of_each_query` and `demo.others` to 0"
        )
    shutil.copytree(model, folder / MODEL)
    _draw(folder / PICTURES, settings)
    loaded = loading.load(folder / MODEL)
    origin = Origin(PICTURES, (paths.DEMO / MODEL).as_posix(), None, loaded.digests())
    building.build(loaded, origin, folder / INDEX)


def _draw(path: pathlib.Path, settings: DemoSettings) -> None:
    drawn = scenes(settings)
    with zipfile.ZipFile(path, "w") as archive:
        for name, scene in zip(names(drawn), drawn, strict=True):
            image = render(scene, *image_size_of(scene, settings.height))
            archives.add(archive, name, simplejpeg.encode_jpeg(image, settings.jpeg_quality))


def _write_none(folder: pathlib.Path, model: pathlib.Path) -> None:
    """Writes a note into each output: git holds no empty folders, and DVC needs all outputs."""
    note = f"This profile ships no demo. `python -m clip_italian demo --model {model} --folder PICTURES` shows its model.\n"
    for name in (MODEL, INDEX):
        files.write_text(folder / name / NONE, note)
    with zipfile.ZipFile(folder / PICTURES, "w") as archive:
        archives.add(archive, NONE, note.encode())


def shipped(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """The paths of the shipped model and index in `folder`; raises InputError if they are missing."""
    model, index = folder / MODEL, folder / INDEX
    if not (model / files.MANIFEST).is_file() or not (index / store.MANIFEST).is_file():
        raise InputError(f"{folder}: no model and images ship there; give them by --model and --folder, or run `dvc repro demo`")
    return model, index
