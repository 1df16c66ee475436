"""Draws the grounds of scenes, with clutter that has no meaning."""

import dataclasses
import functools

import cv2
import numpy as np
from jaxtyping import UInt8

from clip_italian.world.drawing.palette import RGB
from clip_italian.world.scenes.scene import Scene

Canvas = UInt8[np.ndarray, "h w 3"]


@dataclasses.dataclass(frozen=True)
class Ground:
    """Colour gradients from `top` to `low` above the horizon and from `near` to `front` below it; `marks` are clutter's colours."""

    top: RGB
    low: RGB
    near: RGB
    front: RGB
    horizon: float  # share of the image's height; 1 means none
    marks: tuple[RGB, ...]


_WHITE: RGB = (248, 248, 246)
_AIR: RGB = (220, 238, 250)
GROUNDS: dict[str, Ground] = {
    "white": Ground((252, 252, 250), _WHITE, _WHITE, _WHITE, 1.0, ((226, 226, 228),)),
    "meadow": Ground((214, 234, 246), (236, 244, 246), (196, 222, 150), (168, 206, 122), 0.42, ((132, 178, 92),)),
    "sky": Ground((168, 210, 240), _AIR, _AIR, _AIR, 1.0, ((250, 252, 255), (240, 247, 253))),
    "sea": Ground((230, 240, 244), (242, 244, 238), (128, 190, 206), (84, 156, 184), 0.38, ((196, 228, 236),)),
    "room": Ground((240, 226, 208), (236, 220, 200), (206, 172, 136), (190, 154, 118), 0.62, ((176, 140, 106),)),
    "sand": Ground((206, 230, 240), (226, 238, 240), (244, 226, 178), (232, 208, 150), 0.34, ((212, 184, 128),)),
    "snow": Ground((196, 210, 226), (218, 228, 238), (246, 249, 253), (236, 242, 250), 0.4, ((208, 220, 236),)),
    "night": Ground((22, 28, 62), (44, 52, 96), (40, 54, 70), (32, 42, 56), 0.66, ((84, 94, 136), (66, 80, 104))),
}


@functools.lru_cache(maxsize=512)
def _wash(name: str, horizon: int, height: int) -> UInt8[np.ndarray, "height 1 3"]:
    """One column of the ground's gradients; read-only."""
    ground = GROUNDS[name]
    above = np.linspace(ground.top, ground.low, horizon)
    below = np.linspace(ground.near, ground.front, height - horizon)
    column = np.concatenate([above, below]).round().astype(np.uint8)[:, None, :]
    column.flags.writeable = False
    return column


def _oval(canvas: Canvas, x: float, y: float, across: float, down: float, colour: RGB) -> None:
    cv2.ellipse(canvas, (round(x), round(y)), (max(1, round(across)), max(1, round(down))), 0, 0, 360, colour, -1)


def _scenery(canvas: Canvas, scene: Scene, horizon: int, rng: np.random.Generator) -> None:
    """Draws what identifies a ground: moon, waves, clouds, skirting, hills."""
    height, width = canvas.shape[:2]
    x = (0.15 + 0.7 * rng.random()) * width
    if scene.ground == "sky":
        for cloud in rng.random((3, 2)).tolist():
            for step, size in ((-0.09, 0.06), (0.0, 0.085), (0.1, 0.055)):
                x, y = (cloud[0] + step) * width, cloud[1] * height
                _oval(canvas, x, y, size * width, size * height * 0.8, (246, 250, 254))
    elif scene.ground == "night":
        _oval(canvas, x, 0.14 * height, 0.08 * height, 0.08 * height, (244, 240, 206))
        _oval(canvas, x + 0.02 * height, 0.12 * height, 0.02 * height, 0.02 * height, (226, 222, 190))
        for star in rng.random((9, 2)).tolist():
            _oval(canvas, star[0] * width, star[1] * horizon * 0.9, 1, 1, (240, 240, 220))
    elif scene.ground == "sea":
        for wave in rng.random((12, 2)).tolist():
            at = (round(wave[0] * width), round(horizon + (0.06 + 0.94 * wave[1]) * (height - horizon)))
            cv2.ellipse(canvas, at, (round(0.05 * width), round(0.018 * height)), 0, 180, 360, (214, 236, 240), 1)
    elif scene.ground == "room":
        cv2.rectangle(canvas, (0, horizon - 3), (width, horizon), (250, 244, 236), -1)
        for column in range(1, 6):
            far, near = round(width * column / 6), round(width * (column * 1.5 / 6 - 0.25))
            cv2.line(canvas, (far, horizon), (near, height), (180, 144, 108), 1)
    elif scene.ground in ("meadow", "snow", "sand"):
        colour = GROUNDS[scene.ground].near
        _oval(canvas, x, horizon + 1, 0.4 * width, 0.06 * height, colour)


def _clutter(canvas: Canvas, scene: Scene, horizon: int, rng: np.random.Generator) -> None:
    """Draws short strokes in the ground's colours, too small to look like things."""
    height, width = canvas.shape[:2]
    marks = GROUNDS[scene.ground].marks
    start = horizon if horizon < height else 0
    for x, y, size, slant, hue in rng.random((scene.clutter, 5)).tolist():
        middle, level = x * width, start + y * (height - start)
        arm = (0.03 + 0.05 * size) * height
        across, down = (slant - 0.5) * arm, -0.35 * arm
        begin = (round(middle - across), round(level - down))
        end = (round(middle + across), round(level + down))
        cv2.line(canvas, begin, end, marks[int(hue * len(marks))], 1 + round(2 * size))


def draw_ground(scene: Scene, height: int, width: int) -> Canvas:
    """The ground of a scene, `height` x `width` pixels."""
    rng = np.random.default_rng([scene.seed, scene.purpose, scene.index, 1])
    ground = GROUNDS[scene.ground]
    horizon = height if ground.horizon == 1 else round(height * (ground.horizon + 0.12 * rng.random() - 0.06))
    # Resizing the column takes half as long as repeating it.
    canvas = cv2.resize(_wash(scene.ground, horizon, height), (width, height), interpolation=cv2.INTER_NEAREST)
    _scenery(canvas, scene, horizon, rng)
    _clutter(canvas, scene, horizon, rng)
    return canvas
