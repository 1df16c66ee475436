"""A dual encoder for images of another size: its position embeddings are resized like an image.

As transformers does with `interpolate_pos_encoding=True` (CLIP, modeling_clip.py; SigLIP, modeling_siglip.py): bicubic, without
antialiasing. open_clip's resize_pos_embed antialiases when the grid shrinks, and gives others there.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from clip_italian.errors import InputError
from clip_italian.models.dual_encoder import DualEncoderSettings, Params

POSITIONS = "embeddings.position_embedding"
CUBIC = -0.75  # the parameter a of Keys (1981), equation 4; torch's and OpenCV's choice


def resized(settings: DualEncoderSettings, params: Params, image_size: int) -> tuple[DualEncoderSettings, Params]:
    """The same model for images of `image_size` pixels a side; raises InputError when that is less than a patch."""
    fit = settings.image.fit.model_copy(update={"resized": None})
    image = settings.image.model_copy(update={"image_size": image_size, "fit": fit})
    old, new = settings.image.grid, image.grid
    if new < 1:
        raise InputError(f"pictures of {image_size} pixels a side hold no patch of {image.patch}; give a larger `image_size`")
    table = params["vision_model"][POSITIONS]["embedding"]
    tokens = len(table) - old * old  # the class token, where there is one
    moved = table if new == old else jnp.concatenate([table[:tokens], interpolated(table[tokens:], old, new)])
    vision = params["vision_model"] | {POSITIONS: {"embedding": moved}}
    return settings.model_copy(update={"image": image}), params | {"vision_model": vision}


def interpolated(table: Float[Array, "t d"], old: int, new: int) -> Float[Array, "u d"]:
    """Embeddings of an old x old grid, row by row, for a new x new one."""
    weights = jnp.asarray(cubic_weights(old, new), jnp.float32)
    moved = jnp.einsum("yi,xj,ijd->yxd", weights, weights, table.reshape(old, old, -1), precision="highest")
    return moved.reshape(new * new, -1)


def cubic_weights(old: int, new: int) -> Float[np.ndarray, "new old"]:
    """How much of each old sample is in each new one; beyond the ends the last sample goes on."""
    centres = (np.arange(new) + 0.5) * old / new - 0.5
    weights = np.zeros((new, old))
    for tap in range(-1, 3):
        samples = np.floor(centres).astype(int) + tap
        np.add.at(weights, (np.arange(new), samples.clip(0, old - 1)), _cubic(np.abs(centres - samples)))
    return weights


def _cubic(x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The kernel at distances of 0 to 2 samples."""
    near = ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1
    far = ((CUBIC * x - 5 * CUBIC) * x + 8 * CUBIC) * x - 4 * CUBIC
    return np.where(x <= 1, near, far)
