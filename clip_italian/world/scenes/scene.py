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
    """Things from back to front (z-order), in one or two groups of equal things, on a ground.

    `groups` holds, for each group, the indices of its things in `things`; `relation` (of RELATIONS) is how group 0
    stands to group 1, None where nothing in particular is meant. The clutter is drawn but never named.
    (seed, purpose, level, index, variant) names a scene: no two scenes share it.
    """

    seed: int
    index: int
    things: tuple[Thing, ...]
    groups: tuple[tuple[int, ...], ...]
    relation: str | None
    ground: str
    light: float  # 1 is full daylight; multiplies all colours a little
    style: str  # one of STYLES in clip_italian.world.drawing.render
    clutter: int  # number of unnamed background marks
    aspect: float = 1.0  # width over height of the image it was composed for
    purpose: int = 0  # the stream of scenes it belongs to
    level: str = "seen"  # one of LEVELS in clip_italian.world.scenes.levels
    variant: int = 0  # 0 as composed; n: its n-th near miss


def image_size_of(scene: Scene, height: int) -> tuple[int, int]:
    """(height, width) in pixels at which the scene's things have their natural proportions."""
    return height, round(height * scene.aspect)


def to_json(scene: Scene) -> dict[str, typing.Any]:
    """The scene as plain lists, numbers, strings and dicts, for JSON; `from_json` restores it exactly."""
    return dataclasses.asdict(scene)


def from_json(obj: dict[str, typing.Any]) -> Scene:
    """The scene that `to_json` wrote. Raises TypeError on unknown or missing keys."""
    things = tuple(Thing(**{**thing, "box": tuple(thing["box"])}) for thing in obj["things"])
    return Scene(**{**obj, "things": things, "groups": tuple(tuple(group) for group in obj["groups"])})
