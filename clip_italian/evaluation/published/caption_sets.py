"""Readers of published retrieval sets."""

import json
import pathlib

import numpy as np
import pydantic

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.evaluation.published.test_sets import Captioned, content, damaged, json_of, located, text
from clip_italian.evaluation.scoring import Pairing


class CocoSettings(Settings):
    """Files of MSCOCO's structure; the files of `captions` are concatenated."""

    captions: list[str] = pydantic.Field(min_length=1)  # names, in the data folder
    pictures: str  # folder in the data folder, or a zip of that name there; "" for the folder itself


def coco(folder: pathlib.Path, settings: CocoSettings) -> Captioned:
    """MSCOCO-IT: captions in the order of the files; the gallery has only images with captions, in the order of their ids.

    Ids are read as numbers. The validated files also have them as strings of digits; as strings, 308 images would count as 322.
    """
    texts, ids, names = list[str](), list[int](), dict[int, str]()
    for name in settings.captions:
        path = folder / name
        parsed = json_of(path)
        try:
            names |= {int(image["id"]): pathlib.PurePath(image["file_name"]).name for image in parsed["images"]}
            texts += [annotation["caption"] for annotation in parsed["annotations"]]
            ids += [int(annotation["image_id"]) for annotation in parsed["annotations"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, f"not MSCOCO's structure: {type(error).__name__} {error}") from None
    gallery, owner = np.unique(np.array(ids, np.int64), return_inverse=True)
    if unknown := [identity for identity in gallery.tolist() if identity not in names]:
        raise damaged(folder / settings.captions[0], f"captions of image {unknown[0]}, which `images` does not list")
    images = located(folder, [settings.pictures], [names[identity] for identity in gallery.tolist()])
    return Captioned(images, texts, Pairing(len(images), owner.astype(np.int32)))


class Crossmodal3600Settings(Settings):
    """Crossmodal-3600's JSON lines."""

    captions: str
    pictures: str  # folder of <key>.jpg
    language: str  # its key in each line
    first: bool  # the first caption of each image alone, or all of them


def crossmodal3600(folder: pathlib.Path, settings: Crossmodal3600Settings) -> Captioned:
    """Crossmodal-3600, in the order of the lines. CLIP_benchmark takes each image's first caption, Babel-ImageNet's authors all."""
    path = folder / settings.captions
    keys, captions = list[str](), list[list[str]]()
    for number, line in enumerate(content(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            keys.append(pathlib.PurePath(entry["image/key"]).name)
            captions.append(list(entry[settings.language]["caption"])[: 1 if settings.first else None])
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(path, f"line {number} is not Crossmodal-3600's: {type(error).__name__} {error}") from None
    owner = np.repeat(np.arange(len(captions), dtype=np.int32), [len(some) for some in captions])
    images = located(folder, [settings.pictures], [f"{key}.jpg" for key in keys])
    return Captioned(images, [caption for some in captions for caption in some], Pairing(len(images), owner))


class LinesSettings(Settings):
    """Two text files, a caption and the name of its image on the same line of each."""

    captions: str
    names: str
    pictures: list[str] = pydantic.Field(min_length=1)  # folders or zips; an image is read from the first that has it
    training: list[str]  # caption files of MSCOCO's structure; their images are marked as seen in training


def lines(folder: pathlib.Path, settings: LinesSettings) -> Captioned:
    """XTD10 and NLLB's translations of Flickr30k and XTD: one caption per image, in the order of the lines."""
    texts, names = (files.lines_of(text(folder / name)) for name in (settings.captions, settings.names))
    if len(texts) != len(names):
        raise InputError(
            f"{folder / settings.captions}: {len(texts)} captions for the {len(names)} images of {settings.names}; "
            "get both from one publisher"
        )
    images = located(folder, settings.pictures, [pathlib.PurePath(name).name for name in names])
    described = _described(folder, settings)
    seen = np.array([name in described for name in names], np.int32) if settings.training else None
    return Captioned(images, texts, Pairing(len(images), np.arange(len(texts), dtype=np.int32)), seen)


def _described(folder: pathlib.Path, settings: LinesSettings) -> set[str]:
    found = set[str]()
    for name in settings.training:
        try:
            found |= {image["file_name"] for image in json_of(folder / name)["images"]}
        except (KeyError, TypeError) as error:
            raise damaged(folder / name, f"not MSCOCO's structure: {type(error).__name__} {error}") from None
    return found
