"""Where in a picture a text is: by what can be seen of it through windows, or by the gradient of the cosine.

`windows` is the method of CLIP-Italian's demo (localization, huggingface.co/spaces/clip-italian/clip-italian-demo): the picture is
made a square on grey, all of it is greyed out but a band of rows or of columns, and where such a band fits the text better than
the whole picture does, the bands add up. `relevance` is Grad-CAM (Selvaraju et al. 2017) on the patches of a block of the tower:
one pass forward and back in place of hundreds of pictures.

A heat map is of the square on grey, `square_on_grey` says which part of it is the picture.
"""

import functools
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8
from PIL import Image

from clip_italian.checkpoints.model import Model
from clip_italian.data.images import opening
from clip_italian.data.images.images import Pixels
from clip_italian.data.images.opening import ImageInput
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.dual_encoder import DualEncoderSettings, Params

GREY = 128  # as in the demo
GRIDS = (7, 14)  # rows and columns of cells, of two scales
SHARPENED = 3  # times that what is below the mean is cut off; as in the demo
Heat = Float[np.ndarray, "grid grid"]  # 0 to 1
Method = Literal["windows", "relevance"]


class Square(NamedTuple):
    """A picture on a grey square, and the part of the square that it covers."""

    pixels: UInt8[np.ndarray, "side side 3"]
    rows: slice
    columns: slice


def square_on_grey(pixels: Pixels) -> Square:
    """The whole picture, its short side filled up with grey."""
    height, width = pixels.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = np.full((side, side, 3), GREY, np.uint8)
    rows, columns = slice(top, top + height), slice(left, left + width)
    square[rows, columns] = pixels
    return Square(square, rows, columns)


def localise(
    model: Model, picture: ImageInput, texts: Sequence[str], method: Method = "windows", grids: Sequence[int] = GRIDS
) -> Float[np.ndarray, "texts height width"]:
    """For each text a heat map of the picture, from 0 to 1, of its own height and width.

    Raises InputError naming the picture that cannot be read, or the grid that is finer than the tower's pixels.
    """
    square = square_on_grey(opening.read_pixels(picture))
    vectors, fitted = model.encode_text(texts), model.fitted(square.pixels)
    if method == "windows":
        scales = [windows(model, fitted, vectors, grid) for grid in grids]
    else:
        scales = [relevance(model, fitted, vectors)]
    side = len(square.pixels)
    heats = [np.mean([_resized(heat, side) for heat in of_text], axis=0) for of_text in zip(*scales, strict=True)]
    return np.stack([heat[square.rows, square.columns] for heat in heats])


def windows(
    model: Model, pixels: UInt8[np.ndarray, "side side 3"], texts: Float[np.ndarray, "texts p"], grid: int
) -> Float[np.ndarray, "texts grid grid"]:
    """Heat maps of a picture that is cut to the tower's size, by bands of a grid of so many rows and columns."""
    if not 2 <= grid <= len(pixels):
        raise InputError(f"a grid of {grid} cells a side; between 2 and {len(pixels)} are possible")
    bands = _bands(grid)
    edges = np.round(np.arange(grid + 1) * len(pixels) / grid).astype(int)
    seen = np.repeat(bands, np.diff(edges), axis=1)
    shown = [np.where(axis, pixels[None], np.uint8(GREY)) for axis in (seen[:, :, None, None], seen[:, None, :, None])]
    cosines = model.encode_fitted(np.concatenate([pixels[None], *shown])) @ texts.T
    gains = np.maximum(cosines[1:] - cosines[0], 0).reshape(2, len(bands), len(texts)) / (2 * len(bands))
    rows, columns = (gain.T @ bands.astype(np.float32) for gain in gains)
    return np.stack([_sharpened(heat) for heat in rows[:, :, None] + columns[:, None, :]])


def _bands(grid: int) -> Bool[np.ndarray, "bands grid"]:
    """All runs of neighbouring cells but the one of all cells."""
    cell = np.arange(grid)
    return np.array([(cell >= i) & (cell < j) for i in range(grid) for j in range(i + 1, grid + 1) if j - i < grid])


def relevance(
    model: Model, pixels: UInt8[np.ndarray, "side side 3"], texts: Float[np.ndarray, "texts p"]
) -> Float[np.ndarray, "texts grid grid"]:
    """Heat maps of a picture that is cut to the tower's size, by what the patches that enter the last block add to the cosine.

    Of a tower with a convolutional stem the places that leave the stem are asked instead: the drawn world's has one patch in all.
    """
    added = np.asarray(_added(model.settings, model.params, jnp.asarray(pixels), jnp.asarray(texts)))
    side = round((added.shape[1]) ** 0.5)
    return np.stack([_scaled(np.maximum(heat, 0)) for heat in added.reshape(len(texts), side, side)])


@functools.partial(jax.jit, static_argnums=0)
def _added(
    settings: DualEncoderSettings, params: Params, pixels: UInt8[Array, "side side 3"], texts: Float[Array, "texts p"]
) -> Float[Array, "texts patches"]:
    """The gradient of each cosine at the patches that enter the last block, or at what leaves the stem, times these."""
    tower = settings.image
    asked = "embeddings.patch_embedding" if tower.stem else f"encoder.layers.{tower.depth - 1}"

    def cosines(shift: Array) -> tuple[Array, Array]:
        found: dict[str, Array] = {}

        def shifted(run: Any, arguments: Any, named: Any, context: nn.module.InterceptorContext) -> Any:
            if context.module.name != asked or context.method_name != "__call__":
                return run(*arguments, **named)
            found["tokens"] = arguments[0]
            return run(arguments[0] + shift, *arguments[1:], **named)

        with nn.intercept_methods(shifted):
            features = dual_encoder.image_features(settings, params, pixels[None])
        return texts @ dual_encoder.project_image(params, features)[0], found["tokens"]

    tokens = jax.eval_shape(cosines, jnp.zeros(()))[1]
    gradients, activations = jax.jacrev(cosines, has_aux=True)(jnp.zeros(tokens.shape))
    own = 0 if tower.stem or tower.pooling == "attention" else 1  # ahead of the patches: the class token
    return jnp.sum(gradients[:, 0] * activations, axis=-1).reshape(len(texts), -1)[:, own:]


def _sharpened(heat: Heat) -> Heat:
    for _ in range(SHARPENED):
        heat = np.maximum(heat - heat.mean(), 0)
    return _scaled(heat)


def _scaled(heat: Heat) -> Heat:
    """From 0 to 1; what is the same everywhere is nowhere in particular."""
    low, high = heat.min(), heat.max()
    return (heat - low) / (high - low) if high > low else np.zeros_like(heat)


def _resized(heat: Heat, side: int) -> Float[np.ndarray, "side side"]:
    return np.asarray(Image.fromarray(heat.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)).clip(0, 1)


def over(picture: Pixels, heat: Float[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width 3"]:
    """The picture, dark and without colour where the heat is low."""
    grey = picture.mean(axis=2, keepdims=True) * 0.35
    return np.round(grey + (picture - grey) * heat[..., None]).astype(np.uint8)
