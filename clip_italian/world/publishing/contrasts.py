"""The test set `contrasts`: an image, a caption that is true of it, and one that is false and differs in one thing.

A contrast has two statements and usually two images, each of which makes one statement true and the other false, as in Winoground
(Thrush et al. 2022). A model that prefers one wording for all images is then right for one of the two images. "a cat" is also true
of two cats, so a contrast of one and several has only the image of one. For left and right the second image is the mirror image
of the first. In `relation` both relations make sense for the two nouns.

The images are of the level "seen": the training pairs have their nouns, colours and compositions. But five and six things, and the
words for these numbers, occur only here.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from clip_italian import files
from clip_italian.world.drawing.studio import ImageFile, StudioSettings, develop
from clip_italian.world.languages.language import Language
from clip_italian.world.publishing.examinations import TestSettings, write_captions, write_images, write_scenes
from clip_italian.world.scenes.compose import stage
from clip_italian.world.scenes.layout import choose
from clip_italian.world.scenes.levels import ROLES, allowed_triple, colours_of
from clip_italian.world.scenes.scene import Scene
from clip_italian.world.scenes.statements import CLASS_NOUNS, Phrase, Statement
from clip_italian.world.scenes.truth import holds

NAME = "contrasts"
FIRST_PURPOSE = 40  # of the scenes of the first kind
TRIES = 400
APART = 100_000  # difference between the scene numbers of two tries

Both = tuple[Statement, Statement]


@dataclasses.dataclass(frozen=True)
class Contrast:
    """Two captions that differ in one thing. `statements[i]` is true of `scenes[i]`, and the other statement is false."""

    kind: str
    detail: str  # the difference, such as "2-3" or "on-below"; may be empty
    statements: Both
    captions: tuple[str, str]
    scenes: tuple[Scene, ...]


@dataclasses.dataclass(frozen=True)
class Difference:
    """Two statements, and how to draw their images."""

    statements: Both
    detail: str = ""
    size: str = "medium"  # of things whose size is not stated
    sides: int = 2  # number of images
    mirrored: bool = False  # the second image is the first one's mirror image


Draw = Callable[[np.random.Generator], Difference]


def _other(rng: np.random.Generator, options: Sequence[str], *taken: str) -> str:
    return choose(rng, [option for option in options if option not in taken])


def _two_things(rng: np.random.Generator) -> tuple[Phrase, Phrase]:
    """Two phrases with different nouns and different colours."""
    first = choose(rng, CLASS_NOUNS)
    colour = choose(rng, colours_of("seen", first))
    second = _other(rng, CLASS_NOUNS, first)
    return Phrase(first, colour), Phrase(second, _other(rng, colours_of("seen", second), colour))


def _may_be(phrase: Phrase) -> bool:
    return phrase.colour in colours_of("seen", phrase.noun)


def _noun(rng: np.random.Generator) -> Difference:
    """a black cat and a red chair; a black dog and a red chair."""
    while True:
        first, second = _two_things(rng)
        other = dataclasses.replace(first, noun=_other(rng, CLASS_NOUNS, first.noun, second.noun))
        if _may_be(other):
            return Difference((Statement((first, second)), Statement((other, second))))


def _colour(rng: np.random.Generator) -> Difference:
    """a black cat and a red chair; a grey cat and a red chair."""
    first, second = _two_things(rng)
    colour = _other(rng, colours_of("seen", first.noun), first.colour or "", second.colour or "")
    return Difference((Statement((first, second)), Statement((dataclasses.replace(first, colour=colour), second))))


def _swap(rng: np.random.Generator) -> Difference:
    """a black cat and a red chair; a red cat and a black chair."""
    while True:
        first, second = _two_things(rng)
        others = dataclasses.replace(first, colour=second.colour), dataclasses.replace(second, colour=first.colour)
        if all(_may_be(other) for other in others):
            return Difference((Statement((first, second)), Statement(others)))


def _count(low: int, high: int) -> Draw:
    def draw(rng: np.random.Generator) -> Difference:
        """two cats; three cats."""
        noun = choose(rng, CLASS_NOUNS)
        fewer, more = (Statement((Phrase(noun, count=count),)) for count in (low, high))
        return Difference((fewer, more), f"{low}-{high}", "small", sides=1 if low == 1 else 2)

    return draw


def _relation(*relations: str) -> Draw:
    def draw(rng: np.random.Generator) -> Difference:
        """a cat on a table; a cat below a table."""
        firsts, seconds = ([noun for noun in CLASS_NOUNS if all(noun in ROLES[one][side] for one in relations)] for side in (0, 1))
        while True:
            first, second = choose(rng, firsts), choose(rng, seconds)
            if first != second and all(allowed_triple("seen", first, relation, second) for relation in relations):
                one, other = (Statement((Phrase(first), Phrase(second)), relation) for relation in relations)
                return Difference((one, other), "-".join(relations))

    return draw


def _beside(rng: np.random.Generator) -> Difference:
    """a cat to the left of a chair; a cat to the right of a chair."""
    first = Phrase(choose(rng, CLASS_NOUNS))
    second = Phrase(_other(rng, CLASS_NOUNS, first.noun))
    both = Statement((first, second), "left_of"), Statement((second, first), "left_of")
    return Difference(both, "of another thing", mirrored=True)


def _position(*positions: str, detail: str = "") -> Draw:
    def draw(rng: np.random.Generator) -> Difference:
        """an apple at the top; an apple at the bottom."""
        phrases = (Phrase(choose(rng, CLASS_NOUNS)),)
        one, other = (Statement(phrases, position=position) for position in positions)
        return Difference((one, other), detail or "-".join(positions), mirrored=positions == ("left", "right"))

    return draw


def _size(rng: np.random.Generator) -> Difference:
    """a small tree; a large tree."""
    noun = choose(rng, CLASS_NOUNS)
    return Difference((Statement((Phrase(noun, size="small"),)), Statement((Phrase(noun, size="large"),))))


# The functions that draw the statements of each kind, used by turns; files, figures and tables have the same order.
KINDS: dict[str, tuple[Draw, ...]] = {
    "noun": (_noun,),
    "colour": (_colour,),
    "swap": (_swap,),  # the same two colours on the wrong things
    "count_to_three": (_count(2, 3), _count(1, 2), _count(2, 3), _count(1, 3)),
    "count_four": (_count(3, 4), _count(2, 4), _count(1, 4)),
    "count_beyond": (_count(5, 6), _count(4, 5), _count(4, 6)),
    "relation": (
        _relation("on", "below"),
        _relation("on", "inside"),
        _relation("on", "beside"),
        _relation("below", "beside"),
        _relation("inside", "beside"),
    ),
    "left_right": (_beside, _position("left", "right", detail="in the picture")),
    "position": (_position("top", "bottom"), _position("top", "centre"), _position("bottom", "centre")),
    "size": (_size,),
}
PURPOSES = {kind: FIRST_PURPOSE + number for number, kind in enumerate(KINDS)}


def contrast(kind: str, number: int, seed: int, language: Language) -> Contrast:
    """Contrast `number` of a kind, a pure function of the arguments."""
    rng = np.random.default_rng([seed, PURPOSES[kind], number, 4])
    while True:  # until the things fit into the images
        drawn = KINDS[kind][number % len(KINDS[kind])](rng)
        scenes = _scenes(drawn, seed, number, PURPOSES[kind])
        if scenes is not None:
            first, second = drawn.statements
            other = language.mirrored(first) if drawn.mirrored and first.relation else language.plain(second)
            return Contrast(kind, drawn.detail, drawn.statements, (language.plain(first), other), scenes)


def _scenes(drawn: Difference, seed: int, number: int, purpose: int) -> tuple[Scene, ...] | None:
    first, second = drawn.statements
    scene = _showing(first, second, drawn.size, seed, number, purpose)
    if scene is None or drawn.sides == 1:
        return None if scene is None else (scene,)
    if drawn.mirrored:
        return scene, mirrored(scene)
    other = _showing(second, first, drawn.size, seed, number, purpose)
    return None if other is None else (scene, dataclasses.replace(other, variant=1))


def _showing(true: Statement, false: Statement, size: str, seed: int, number: int, purpose: int) -> Scene | None:
    for attempt in range(TRIES):
        try:
            scene = stage(true, seed, number + attempt * APART, purpose, size)
        except ValueError:  # no room
            continue
        if holds(true, scene) and not holds(false, scene):
            return scene
    return None


def mirrored(scene: Scene) -> Scene:
    """The mirrored scene, as variant 1."""
    boxes = [
        (round(1 - right, 4), top, round(1 - left, 4), bottom) for left, top, right, bottom in (thing.box for thing in scene.things)
    ]
    things = tuple(
        dataclasses.replace(thing, box=box, mirrored=not thing.mirrored) for thing, box in zip(scene.things, boxes, strict=True)
    )
    groups = scene.groups[::-1] if scene.relation == "left_of" else scene.groups
    return dataclasses.replace(scene, things=things, groups=groups, variant=1)


def contrasts(
    numbers: range, seed: int, settings: TestSettings, studio: StudioSettings, language: Language
) -> list[tuple[Contrast, list[ImageFile]]]:
    """Contrasts with their images; contrast n has the kind n // settings.contrasts."""
    kinds = list(KINDS)
    made = [contrast(kinds[number // settings.contrasts], number % settings.contrasts, seed, language) for number in numbers]
    return [(one, shots(one, studio)) for one in made]


def shots(one: Contrast, studio: StudioSettings) -> list[ImageFile]:
    """The images of a contrast, one for each scene."""
    if one.kind == "left_right":
        return [develop(one.scenes[0], studio, mirrored=mirror) for mirror in (False, True)]
    return [develop(scene, studio) for scene in one.scenes]


def write(folder: pathlib.Path, drawn: list[tuple[Contrast, list[ImageFile]]]) -> None:
    """Writes the set: images, scenes, true captions as `captions.json`, and both captions as `contrasts.json`.

    `contrasts.json` is a list by image of {"contrast": number, "kind", "detail", "true": caption, "false": caption}.
    """
    images = [image for _, several in drawn for image in several]
    entries: list[dict[str, Any]] = [
        {"contrast": number, "kind": one.kind, "detail": one.detail, "true": one.captions[side], "false": one.captions[1 - side]}
        for number, (one, several) in enumerate(drawn)
        for side in range(len(several))
    ]
    write_images(folder, images)
    write_captions(folder, images, [entry["true"] for entry in entries], np.arange(len(entries)))
    write_scenes(folder, [scene for one, _ in drawn for scene in one.scenes])
    files.write_json(folder / "contrasts.json", entries)
