"""A scene: everything that is true of one drawn image."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Thing:
    """One drawn thing. `box` is (left, top, right, bottom) in fractions of the image, y downwards."""

    noun: str
    colour: str
    size: str
    box: tuple[float, float, float, float]
    mirrored: bool = False


@dataclasses.dataclass(frozen=True)
class Scene:
    """Things from back to front, in one or two groups of equal things, on a ground.

    `groups` has, for each group, the indices of its things in `things`. `relation` (of RELATIONS) is that of group 0 to group 1,
    or None. The clutter is drawn but never named. (seed, purpose, level, index, variant) identifies a scene.
    """

    seed: int
    index: int
    things: tuple[Thing, ...]
    groups: tuple[tuple[int, ...], ...]
    relation: str | None
    ground: str
    light: float  # factor on all colours; 1 is full daylight
    style: str  # one of STYLES in clip_italian.world.drawing.render
    clutter: int  # number of unnamed background marks
    aspect: float = 1.0  # width over height of the image it was composed for
    purpose: int = 0  # the stream of scenes it belongs to
    level: str = "seen"  # one of LEVELS in clip_italian.world.scenes.levels
    variant: int = 0  # 0: as composed; n: the n-th near miss


def image_size_of(scene: Scene, height: int) -> tuple[int, int]:
    """The (height, width) in pixels at which the scene's things have their natural proportions."""
    return height, round(height * scene.aspect)


def from_json(obj: dict[str, typing.Any]) -> Scene:
    """The scene of `dataclasses.asdict` after JSON; raises TypeError for unknown or missing keys."""
    things = tuple(Thing(**{**thing, "box": tuple(thing["box"])}) for thing in obj["things"])
    return Scene(**{**obj, "things": things, "groups": tuple(tuple(group) for group in obj["groups"])})
