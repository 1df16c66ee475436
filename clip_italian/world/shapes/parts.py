"""The parts of drawings: filled outlines and strokes."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

Point = tuple[float, float]


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """A filled outline (`width` 0) or a stroke of that width, in the units of its drawing, y downwards."""

    points: Float[np.ndarray, "n 2"]
    fill: str
    width: float = 0.0
    edged: bool = True  # whether it has a contour in styles with contours


@dataclasses.dataclass(frozen=True, eq=False)
class Shape:
    """A drawing scaled to the unit square. `aspect` is its width over its height."""

    parts: tuple[Part, ...]
    points: Float[np.ndarray, "n 2"]  # of all parts, one after the other
    aspect: float
    low: Point  # left top corner of the drawing, in drawing units
    span: Point  # its width and height, in drawing units

    def place(self, x: float, y: float) -> Point:
        """A point of the drawing as fractions of the box."""
        return (x - self.low[0]) / self.span[0], (y - self.low[1]) / self.span[1]


def shape(*parts: Part) -> Shape:
    """A drawing of parts, from back to front, scaled to fill the unit square."""
    low = np.min([part.points.min(0) - part.width / 2 for part in parts], axis=0)
    span = np.max([part.points.max(0) + part.width / 2 for part in parts], axis=0) - low
    unit = np.concatenate([(part.points - low) / span for part in parts])
    (left, top), (width, height) = low.tolist(), span.tolist()
    return Shape(parts, unit, width / height, (left, top), (width, height))


def path(points: str) -> tuple[Point, ...]:
    """Points from a string in the format of SVG: "50,2 68,6 76,18"."""
    pairs = (point.split(",") for point in points.split())
    return tuple((float(x), float(y)) for x, y in pairs)


def poly(fill: str, *points: Point, edged: bool = True) -> Part:
    """A polygon with sharp corners."""
    return Part(np.asarray(points, np.float64), fill, edged=edged)


def blob(fill: str, *points: Point, edged: bool = True) -> Part:
    """A smooth closed outline through the points."""
    return Part(_smooth(points, closed=True), fill, edged=edged)


def oval(fill: str, x: float, y: float, across: float, down: float, turn: float = 0.0, edged: bool = True) -> Part:
    """An ellipse around (x, y) with half axes `across` and `down`, turned by `turn` degrees clockwise."""
    angle = np.linspace(0, 2 * np.pi, 25)[:-1]
    ring = np.stack([across * np.cos(angle), down * np.sin(angle)], 1)
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return Part(ring @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y), fill, edged=edged)


def dot(fill: str, x: float, y: float, radius: float) -> Part:
    """A small disc without a contour: pupils, noses, buttons."""
    return oval(fill, x, y, radius, radius, edged=False)


def stroke(fill: str, width: float, *points: Point, edged: bool = True) -> Part:
    """A polyline through the points."""
    return Part(np.asarray(points, np.float64), fill, width, edged)


def curve(fill: str, width: float, *points: Point, edged: bool = True) -> Part:
    """A smooth line through the points."""
    return Part(_smooth(points, closed=False), fill, width, edged)


def ring(fill: str, width: float, x: float, y: float, radius: float) -> Part:
    """A circle drawn as a stroke."""
    angle = np.linspace(0, 2 * np.pi, 33)
    return Part(np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], 1), fill, width)


def eye(x: float, y: float, radius: float) -> tuple[Part, Part]:
    """A white eye with a dark pupil."""
    return oval("eye", x, y, radius, radius, edged=False), dot("pupil", x, y, radius * 0.62)


def mirrored(*parts: Part, about: float = 50.0) -> tuple[Part, ...]:
    """The parts and their mirror images about the vertical line x = `about`."""
    flips = [dataclasses.replace(part, points=part.points * (-1, 1) + (2 * about, 0)) for part in parts]
    return (*parts, *flips)


def _smooth(points: Sequence[Point], closed: bool) -> Float[np.ndarray, "n 2"]:
    """A Catmull-Rom curve through the points, six steps from each to the next."""
    knots = np.asarray(points, np.float64)
    padded = np.concatenate([knots[-1:], knots, knots[:2]] if closed else [knots[:1], knots, knots[-1:]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None, :] for i in range(4))
    t = (np.arange(6) / 6)[None, :, None]
    bend = 2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)
    path = (p1 + 0.5 * t * (p2 - p0 + t * bend)).reshape(-1, 2)
    return path if closed else np.concatenate([path, knots[-1:]])
