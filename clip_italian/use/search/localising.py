"""Localisation of a text in an image by heat maps: from windows on the image, or from the gradient of the cosine.

`windows` is the method of CLIP-Italian's demo (localization, huggingface.co/spaces/clip-italian/clip-italian-demo). The image is
padded to a grey square. All but a band of rows or columns is greyed out, and the gain of the band's cosine over that of the whole
image is added to the band's cells. `relevance` is Grad-CAM (Selvaraju et al. 2017) on the patches of a block of the tower: one
forward and backward pass instead of hundreds of images.

Heat maps cover the grey square; `square_on_grey` returns which part of it is the image.
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
SHARPENED = 3  # how often the mean is subtracted and negative values are set to 0; as in the demo
Heat = Float[np.ndarray, "grid grid"]  # 0 to 1
Method = Literal["windows", "relevance"]


class Square(NamedTuple):
    """An image on a grey square, and the part of the square that it covers."""

    pixels: UInt8[np.ndarray, "size size 3"]
    rows: slice
    columns: slice


def square_on_grey(pixels: Pixels) -> Square:
    """The image padded with grey to a square."""
    height, width = pixels.shape[:2]
    size = max(height, width)
    top, left = (size - height) // 2, (size - width) // 2
    square = np.full((size, size, 3), GREY, np.uint8)
    rows, columns = slice(top, top + height), slice(left, left + width)
    square[rows, columns] = pixels
    return Square(square, rows, columns)


def localise(
    model: Model, image: ImageInput, texts: Sequence[str], method: Method = "windows", grids: Sequence[int] = GRIDS
) -> Float[np.ndarray, "texts height width"]:
    """A heat map of the image for each text, from 0 to 1, with the image's height and width.

    Raises InputError naming an image that cannot be read, or a grid with more cells along an edge than the tower has pixels.
    """
    square = square_on_grey(opening.read_pixels(image))
    vectors, fitted = model.encode_text(texts), model.fitted(square.pixels)
    if method == "windows":
        scales = [windows(model, fitted, vectors, grid) for grid in grids]
    else:
        scales = [relevance(model, fitted, vectors)]
    size = len(square.pixels)
    heats = [np.mean([_resized(heat, size) for heat in of_text], axis=0) for of_text in zip(*scales, strict=True)]
    return np.stack([heat[square.rows, square.columns] for heat in heats])


def windows(
    model: Model, pixels: UInt8[np.ndarray, "size size 3"], texts: Float[np.ndarray, "texts p"], grid: int
) -> Float[np.ndarray, "texts grid grid"]:
    """Heat maps of an image of the tower's size, from the bands of a grid of `grid` rows and columns."""
    if not 2 <= grid <= len(pixels):
        raise InputError(f"a grid of {grid} by {grid} cells; use between 2 and {len(pixels)}")
    bands = _bands(grid)
    edges = np.round(np.arange(grid + 1) * len(pixels) / grid).astype(int)
    kept = np.repeat(bands, np.diff(edges), axis=1)
    masked = [np.where(axis, pixels[None], np.uint8(GREY)) for axis in (kept[:, :, None, None], kept[:, None, :, None])]
    cosines = model.encode_fitted(np.concatenate([pixels[None], *masked])) @ texts.T
    gains = np.maximum(cosines[1:] - cosines[0], 0).reshape(2, len(bands), len(texts)) / (2 * len(bands))
    rows, columns = (gain.T @ bands.astype(np.float32) for gain in gains)
    return np.stack([_sharpened(heat) for heat in rows[:, :, None] + columns[:, None, :]])


def _bands(grid: int) -> Bool[np.ndarray, "bands grid"]:
    """Masks of all runs of adjacent cells, one row per run, without the run of all cells."""
    cell = np.arange(grid)
    return np.array([(cell >= i) & (cell < j) for i in range(grid) for j in range(i + 1, grid + 1) if j - i < grid])


def relevance(
    model: Model, pixels: UInt8[np.ndarray, "size size 3"], texts: Float[np.ndarray, "texts p"]
) -> Float[np.ndarray, "texts grid grid"]:
    """Heat maps of an image of the tower's size, from the contribution of each patch entering the last block to the cosine.

    For a tower with a convolutional stem, the stem's output is used instead of the patches: the study's tower has only one patch.
    """
    added = np.asarray(_added(model.settings, model.params, jnp.asarray(pixels), jnp.asarray(texts)))
    grid = round(added.shape[1] ** 0.5)
    return np.stack([_scaled(np.maximum(heat, 0)) for heat in added.reshape(len(texts), grid, grid)])


@functools.partial(jax.jit, static_argnums=0)
def _added(
    settings: DualEncoderSettings, params: Params, pixels: UInt8[Array, "size size 3"], texts: Float[Array, "texts p"]
) -> Float[Array, "texts patches"]:
    """Activation times gradient of each cosine, summed over channels, at the last block's input or at the stem's output."""
    tower = settings.image
    name = "embeddings.patch_embedding" if tower.stem else f"encoder.layers.{tower.depth - 1}"

    def cosines(shift: Array) -> tuple[Array, Array]:
        found: dict[str, Array] = {}

        def shifted(run: Any, arguments: Any, named: Any, context: nn.module.InterceptorContext) -> Any:
            if context.module.name != name or context.method_name != "__call__":
                return run(*arguments, **named)
            found["tokens"] = arguments[0]
            return run(arguments[0] + shift, *arguments[1:], **named)

        with nn.intercept_methods(shifted):
            features = dual_encoder.image_features(settings, params, pixels[None])
        return texts @ dual_encoder.project_image(params, features)[0], found["tokens"]

    tokens = jax.eval_shape(cosines, jnp.zeros(()))[1]
    gradients, activations = jax.jacrev(cosines, has_aux=True)(jnp.zeros(tokens.shape))
    own = 0 if tower.stem or tower.pooling == "attention" else 1  # the class token, which precedes the patches
    return jnp.sum(gradients[:, 0] * activations, axis=-1).reshape(len(texts), -1)[:, own:]


def _sharpened(heat: Heat) -> Heat:
    """The heat map without low values, scaled to the range 0 to 1."""
    for _ in range(SHARPENED):
        heat = np.maximum(heat - heat.mean(), 0)
    return _scaled(heat)


def _scaled(heat: Heat) -> Heat:
    """The heat map scaled to the range 0 to 1; a constant one becomes 0."""
    low, high = heat.min(), heat.max()
    return (heat - low) / (high - low) if high > low else np.zeros_like(heat)


def _resized(heat: Heat, size: int) -> Float[np.ndarray, "size size"]:
    return np.asarray(Image.fromarray(heat.astype(np.float32)).resize((size, size), Image.Resampling.BICUBIC)).clip(0, 1)


def over(image: Pixels, heat: Float[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width 3"]:
    """The image, darkened and without colour where the heat is low."""
    grey = image.mean(axis=2, keepdims=True) * 0.35
    return np.round(grey + (image - grey) * heat[..., None]).astype(np.uint8)
