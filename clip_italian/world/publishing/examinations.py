"""Writes test sets, whose images are not in the training data, with true captions, and the images for linear probes."""

import dataclasses
import json
import pathlib
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.data.archives import add
from clip_italian.world.drawing.studio import ImageFile, StudioSettings, develop, shuffled
from clip_italian.world.languages import english
from clip_italian.world.languages.language import Language
from clip_italian.world.publishing import publish
from clip_italian.world.scenes.compose import compose, compose_single, stage
from clip_italian.world.scenes.levels import HELD_OUT_PAIRS
from clip_italian.world.scenes.near_misses import near_misses
from clip_italian.world.scenes.scene import Scene
from clip_italian.world.scenes.statements import CLASS_NOUNS, COLOURS, UNSEEN_NOUNS, Statement
from clip_italian.world.scenes.truth import GALLERY, describe, full_statement, truth_matrix

LEVELS = ("seen", "composition", "style", "noun")
RETRIEVAL = {f"retrieval-{level}": 11 + number for number, level in enumerate(LEVELS)}  # set -> purpose
ZEROSHOT = {f"zeroshot-{level}": 21 + number for number, level in enumerate(LEVELS)}
GALLERY_PURPOSE = 30
PROBE = {"probe-train": 35, "probe-valid": 36}  # training and validation images of linear probes
PAIRS = [(noun, colour) for noun in CLASS_NOUNS for colour in COLOURS]
UNSEEN_PAIRS = [(noun, colour) for noun in UNSEEN_NOUNS for colour in COLOURS]


class TestSettings(Settings):
    """Key `tests` of section `world`."""

    __test__ = False  # not a test case, whatever its name

    retrieval_pictures: int  # in each retrieval set
    near_miss_share: float  # share of them that are near misses of others
    near_misses: int  # largest number for one image
    captions: int  # of each image; the first is the full description
    gallery_pictures: int  # images for each query of the gallery, within the retrieval set of level "seen"
    zeroshot_seen: int  # images of each pair of noun and colour in the training pairs
    zeroshot_composition: int  # of each held-out pair
    zeroshot_style: int  # of each pair in the training pairs, in the unseen style
    zeroshot_noun: int  # of each unseen noun in each colour
    probe_train: int  # of each pair in the training pairs, for training linear probes
    probe_valid: int  # the same, for choosing the probes' weight decay
    contrasts: int  # of each kind (contrasts.py)


Shot = tuple[Scene, ImageFile, list[Statement], list[str]]


def bases(settings: TestSettings) -> tuple[int, list[int]]:
    """The number of base images of a retrieval set, and the numbers of near misses of the first ones."""
    misses = round(settings.retrieval_pictures * settings.near_miss_share)
    full, rest = divmod(misses, settings.near_misses)
    return settings.retrieval_pictures - misses, [settings.near_misses] * full + [rest] * (rest > 0)


def families(
    numbers: range, name: str, seed: int, settings: TestSettings, studio: StudioSettings, language: Language
) -> list[list[Shot]]:
    """For each number, a scene of a retrieval set and its near misses, with images and captions."""
    misses = bases(settings)[1]
    result = []
    for number in numbers:
        scene = _retrieval_scene(number, name, seed, settings)
        wanted = misses[number] if number < len(misses) else 0
        scenes = [scene, *near_misses(scene, wanted)]
        if len(scenes) != wanted + 1:
            raise ValueError(f"{name}: scene {number} has {len(scenes) - 1} near misses, not {wanted}")
        result.append([_shot(one, name, seed, settings, studio, language) for one in scenes])
    return result


def _retrieval_scene(number: int, name: str, seed: int, settings: TestSettings) -> Scene:
    """A scene of the set's level; at level "seen" the last ones show the queries of the gallery."""
    level, purpose = name.removeprefix("retrieval-"), RETRIEVAL[name]
    staged = number - bases(settings)[0] + settings.gallery_pictures * len(GALLERY)
    if level == "seen" and staged >= 0:
        return stage(GALLERY[staged // settings.gallery_pictures], seed, number, GALLERY_PURPOSE)
    return compose(seed, number, level, purpose)


def _shot(scene: Scene, name: str, seed: int, settings: TestSettings, studio: StudioSettings, language: Language) -> Shot:
    rng = np.random.default_rng([seed, RETRIEVAL[name], scene.index, scene.variant, 1])
    statements = [full_statement(scene), *(describe(scene, rng) for _ in range(settings.captions - 1))]
    return scene, develop(scene, studio), statements, [language.say(one, "photo", rng) for one in statements]


def write_retrieval(folder: pathlib.Path, name: str, seed: int, drawn: list[list[Shot]]) -> list[Scene]:
    """Writes a retrieval set; returns the scenes of its images, in order."""
    shots = shuffled([shot for family in drawn for shot in family], seed, RETRIEVAL[name])
    scenes = [shot[0] for shot in shots]
    statements = [statement for shot in shots for statement in shot[2]]
    owner = np.repeat(np.arange(len(shots), dtype=np.int32), [len(shot[2]) for shot in shots])
    truth = truth_matrix(statements, scenes)
    if not truth[np.arange(len(owner)), owner].all():
        raise ValueError(f"{name}: a caption is not true of its own image")
    drawn_images = [shot[1] for shot in shots]
    write_images(folder, drawn_images)
    write_captions(folder, drawn_images, [caption for shot in shots for caption in shot[3]], owner)
    write_scenes(folder, scenes)
    starts, images = _compressed_rows(truth)
    near_miss = np.array([scene.variant > 0 for scene in scenes])
    np.savez(folder / "truth.npz", owner=owner, true_indptr=starts, true_indices=images, near_miss=near_miss)
    return scenes


def member(index: int) -> str:
    """The archive member of image `index`; names sort like indices."""
    return f"{index:06d}"


def write_images(folder: pathlib.Path, images: Sequence[ImageFile]) -> None:
    """Writes the images of a set to `images.zip`."""
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for index, image in enumerate(images):
            add(archive, member(index), image.content)


def write_captions(
    folder: pathlib.Path, images: Sequence[ImageFile], captions: Sequence[str], owner: Int[np.ndarray, " captions"]
) -> None:
    """Writes the captions of a test set to `captions.json`, in the format of MSCOCO; `owner` is the image of each caption."""
    described = [{"id": i, "file_name": member(i), "height": image.height, "width": image.width} for i, image in enumerate(images)]
    annotations = [{"id": j, "image_id": int(owner[j]), "caption": caption} for j, caption in enumerate(captions)]
    files.write_json(folder / "captions.json", {"images": described, "annotations": annotations})


def write_scenes(folder: pathlib.Path, scenes: Sequence[Scene]) -> None:
    """Writes the scenes of a set's images to `scenes.jsonl`."""
    lines = (json.dumps(dataclasses.asdict(scene), sort_keys=True, ensure_ascii=False) + "\n" for scene in scenes)
    (folder / "scenes.jsonl").write_text("".join(lines), encoding="utf-8")


def _compressed_rows(
    truth: Bool[np.ndarray, "captions images"],
) -> tuple[Int[np.ndarray, " starts"], Int[np.ndarray, " trues"]]:
    """(starts, images), where caption j is true of images[starts[j] : starts[j + 1]]."""
    starts = np.concatenate([[0], truth.sum(axis=1).cumsum()])
    return starts.astype(np.int32), np.nonzero(truth)[1].astype(np.int32)


def classes(language: Language) -> list[dict[str, str]]:
    """The zero-shot classes: the 360 pairs of noun and colour, then those of the unseen nouns."""
    return [{"noun": noun, "colour": colour, "label": language.class_label(noun, colour)} for noun, colour in PAIRS + UNSEEN_PAIRS]


def zeroshot_classes(name: str, settings: TestSettings) -> list[int]:
    """The class of each image of a zero-shot set or of the probes' images."""
    if name == "zeroshot-noun":
        return [len(PAIRS) + i for i in range(len(UNSEEN_PAIRS)) for _ in range(settings.zeroshot_noun)]
    held_out = name == "zeroshot-composition"
    count = getattr(settings, name.replace("-", "_"))
    return [i for i, pair in enumerate(PAIRS) if (pair in HELD_OUT_PAIRS) == held_out for _ in range(count)]


def singles(numbers: range, name: str, seed: int, settings: TestSettings, studio: StudioSettings) -> list[tuple[Scene, ImageFile]]:
    """Scenes of a single thing with their images, for a zero-shot set or the probes."""
    labels = zeroshot_classes(name, settings)
    level = "seen" if name in PROBE else name.removeprefix("zeroshot-")
    scenes = [
        compose_single(seed, number, *(PAIRS + UNSEEN_PAIRS)[labels[number]], level, (ZEROSHOT | PROBE)[name]) for number in numbers
    ]
    return [(scene, develop(scene, studio)) for scene in scenes]


def write_zeroshot(
    folder: pathlib.Path, name: str, settings: TestSettings, drawn: list[tuple[Scene, ImageFile]], language: Language
) -> None:
    """Writes a zero-shot set, or the probes' images in the same format."""
    labels = zeroshot_classes(name, settings)
    write_images(folder, [image for _, image in drawn])
    images = [{"id": i, "file_name": member(i), "label": label} for i, label in enumerate(labels)]
    ranked = PAIRS + UNSEEN_PAIRS * (name == "zeroshot-noun")
    files.write_json(folder / "labels.json", {"images": images, "classes": [language.class_label(*pair) for pair in ranked]})
    write_scenes(folder, [scene for scene, _ in drawn])
    np.savez(folder / "truth.npz", label=np.array(labels, np.int32))


def translations(name: str, seed: int, drawn: list[list[Shot]]) -> dict[str, str]:
    """The English translations by caption of a retrieval set."""
    result: dict[str, str] = {}
    for number, (_, _, statements, wordings) in enumerate(shot for family in drawn for shot in family):
        result |= zip(wordings, publish.translations(statements, seed, RETRIEVAL[name], number), strict=True)
    return result


def translated_queries(seed: int, language: Language) -> dict[str, str]:
    """The English translations of the zero-shot labels and the gallery's queries."""
    labels = {language.class_label(*pair): english.english_label(*pair) for pair in PAIRS + UNSEEN_PAIRS}
    in_english = publish.translations(GALLERY, seed, GALLERY_PURPOSE, 0)
    return labels | dict(zip(map(language.plain, GALLERY), in_english, strict=True))


def gallery(scenes: Sequence[Scene], language: Language) -> list[dict[str, Any]]:
    """The queries of the gallery, each with the indices of the scenes of which it is true."""
    truth = truth_matrix(GALLERY, scenes)
    return [
        {"query": language.plain(statement), "true": np.flatnonzero(row).tolist()}
        for statement, row in zip(GALLERY, truth, strict=True)
    ]
