"""The dual encoder: an image tower and a text tower projected into one space (Radford et al. 2021, figure 3).

Parameters are a plain nested dict with the top-level parts `vision_model`, `text_model`, `visual_projection`,
`text_projection` and `logit_scale`: the names of a VisionTextDualEncoder checkpoint, and the units of freezing.
"""

import functools
import math
from typing import Any, Literal

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt8

from clip_italian.config import Settings, Size
from clip_italian.errors import InputError
from clip_italian.models.compute_policy import PLAIN, ComputePolicy, text_keys
from clip_italian.models.layers import exact_gelu
from clip_italian.models.text_towers import AnyTextTower
from clip_italian.models.vit import VisionTransformer, ViTSettings

Params = dict[str, Any]
Head = Literal["none", "linear", "affine", "mlp"]
# Of initial weights at width 768 (hybrid_clip, modeling_hybrid_clip.py); for other widths scaled by 1 / sqrt(width).
PROJECTION_STD, PROJECTION_WIDTH = 0.02, 768
SMALLEST_NORM = 1e-12  # added under the root, so that a zero vector has a zero embedding and finite gradients, unlike in 2021


class DualEncoderSettings(Settings):
    """The architecture of a dual encoder; the defaults are those of CLIP and CLIP-Italian."""

    image: ViTSettings
    text: AnyTextTower
    projection: Size  # width of the common space
    # The projection of pooled features into the common space: `linear` has no bias, `affine` has one, `mlp` is two linear layers
    # without bias around a GELU (open_clip's HFTextEncoder), `none` is the identity (SigLIP's images).
    image_head: Head = "linear"
    text_head: Head = "linear"
    logit_bias: bool = False  # added to the scaled cosines; SigLIP has one


@functools.cache
def shapes(settings: DualEncoderSettings) -> Params:
    """Returns the shapes and dtypes of the parameters, without computing them."""
    return jax.eval_shape(functools.partial(_fresh, settings), jax.random.key(0), 1.0)


# Drawing a hundred weight matrices is a long program that runs once. Less optimisation compiles it in a third of the time, with the
# same bits.
@functools.partial(jax.jit, static_argnums=0, compiler_options={"xla_backend_optimization_level": 1})
def initial(settings: DualEncoderSettings, key: Array, logit_scale: float | Array) -> Params:
    """Initial parameters; `logit_scale` is the factor on cosines, stored as its logarithm, as in CLIP."""
    return _fresh(settings, key, logit_scale)


def _fresh(settings: DualEncoderSettings, key: Array, logit_scale: float | Array) -> Params:
    image_key, text_key, visual_key, textual_key = jax.random.split(key, 4)
    size = settings.image.image_size
    params = {
        "vision_model": VisionTransformer(settings.image).init(image_key, jnp.zeros((1, size, size, 3)))["params"],
        "text_model": settings.text.init(text_key),
        "visual_projection": _head(settings.image_head, visual_key, settings.image.width, settings.projection),
        "text_projection": _head(settings.text_head, textual_key, settings.text.width, settings.projection),
        "logit_scale": log_scale(logit_scale),
    }
    return params | ({"logit_bias": jnp.zeros(())} if settings.logit_bias else {})


def _head(kind: Head, key: Array, width: int, common: int) -> Params:
    """Initial parameters of a head, which maps pooled features into the common space."""
    if kind == "none":
        return {}
    if kind == "mlp":
        middle = (width + common) // 2  # open_clip, hf_model.py
        keys = jax.random.split(key)
        return {"0": projection(keys[0], width, middle), "2": projection(keys[1], middle, common)}
    return projection(key, width, common) | ({"bias": jnp.zeros(common)} if kind == "affine" else {})


def log_scale(scale: float | Array) -> Array:
    """The logarithm of a factor on the cosines, which is the parameter `logit_scale`."""
    return jnp.log(jnp.asarray(scale, jnp.float32))


def projection(key: Array, width: int, common: int) -> Params:
    """Initial parameters of a linear map into the common space, without bias."""
    std = PROJECTION_STD * math.sqrt(PROJECTION_WIDTH / width)
    return {"kernel": std * jax.random.normal(key, (width, common))}


def normalise_pixels(settings: ViTSettings, pixels: UInt8[Array, "n h w 3"]) -> Float[Array, "n h w 3"]:
    """Pixels scaled to 0..1, minus the tower's mean, divided by its standard deviation."""
    mean, std = (jnp.asarray(values)[None, None, None] for values in (settings.mean, settings.std))
    return (pixels.astype(jnp.float32) / 255 - mean) / std


def image_features(
    settings: DualEncoderSettings, params: Params, pixels: UInt8[Array, "n h w 3"], policy: ComputePolicy = PLAIN
) -> Float[Array, "n d"]:
    """The vision tower's pooled features, before the projection, in float32."""
    normalised = normalise_pixels(settings.image, pixels)
    features: Any = VisionTransformer(settings.image, policy).apply({"params": params["vision_model"]}, normalised)
    return features


def text_features(
    settings: DualEncoderSettings,
    params: Params,
    ids: Int[Array, "n t"],
    mask: Bool[Array, "n t"],
    policy: ComputePolicy = PLAIN,
    key: Array | None = None,
    texts: Int[Array, "n"] | None = None,
) -> Float[Array, "n d"]:
    """The text tower's pooled features, before the projection, in float32.

    With `policy.text_dropout`, a text's dropout mask depends only on `key` and on the text's number in `texts` (by default its
    index in the batch). It does not depend on the other texts, the padding or the devices.

    Raises InputError for dropout without a key, or if the tower has no dropout.
    """
    if policy.text_dropout == 0:
        return settings.text.features(params["text_model"], ids, mask, policy)
    if key is None or not settings.text.has_dropout:
        problem = "needs a random key" if key is None else "is for BERT's text tower only"
        raise InputError(f"key `text_dropout`: {policy.text_dropout} {problem}; set it to 0")
    keys = text_keys(key, jnp.arange(len(ids)) if texts is None else texts)
    return settings.text.features(params["text_model"], ids, mask, policy, keys)


@jax.jit
def project_image(params: Params, features: Float[Array, "n d"]) -> Float[Array, "n p"]:
    """Image features projected into the common space, as unit vectors."""
    return unit(apply_head(params.get("visual_projection", {}), features))


@jax.jit
def project_text(params: Params, features: Float[Array, "n d"]) -> Float[Array, "n p"]:
    """Text features projected into the common space, as unit vectors."""
    return unit(apply_head(params.get("text_projection", {}), features))


def apply_head(head: Params, features: Float[Array, "n d"]) -> Float[Array, "n p"]:
    """Pooled features mapped into the common space by a head of any kind, which its parameters identify."""
    if "2" in head:
        return apply_head(head["2"], exact_gelu(apply_head(head["0"], features)))
    projected = features @ head["kernel"] if "kernel" in head else features
    return projected + head["bias"][None] if "bias" in head else projected


def unit(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Rows scaled to length one."""
    return x * jax.lax.rsqrt(jnp.sum(x * x, axis=-1, keepdims=True) + SMALLEST_NORM)


# Images of another size.
# Position embeddings are resized like an image, as transformers does with `interpolate_pos_encoding=True` (CLIP,
# modeling_clip.py; SigLIP, modeling_siglip.py): bicubic, without antialiasing. open_clip's resize_pos_embed antialiases when
# the grid shrinks, and then gives other values.
POSITIONS = "embeddings.position_embedding"


def resized(settings: DualEncoderSettings, params: Params, image_size: int) -> tuple[DualEncoderSettings, Params]:
    """The model with position embeddings interpolated for images of `image_size` pixels; raises InputError if no patch fits."""
    fit = settings.image.fit.model_copy(update={"resized": None})
    image = settings.image.model_copy(update={"image_size": image_size, "fit": fit})
    old, new = settings.image.grid, image.grid
    if new < 1:
        raise InputError(f"images of {image_size} pixels a side hold no patch of {image.patch}; give a larger `image_size`")
    table = params["vision_model"][POSITIONS]["embedding"]
    tokens = len(table) - old * old  # the class token, where there is one
    moved = table if new == old else jnp.concatenate([table[:tokens], interpolated(table[tokens:], old, new)])
    vision = params["vision_model"] | {POSITIONS: {"embedding": moved}}
    return settings.model_copy(update={"image": image}), params | {"vision_model": vision}


def interpolated(table: Float[Array, "t d"], old: int, new: int) -> Float[Array, "u d"]:
    """Embeddings of an old x old grid, row by row, interpolated for a new x new grid."""
    # The columns of the resized identity are the weights. OpenCV's kernel has a = -0.75 (Keys 1981, equation 4), as torch's has.
    weights = jnp.asarray(cv2.resize(np.eye(old), (old, new), interpolation=cv2.INTER_CUBIC), jnp.float32)
    moved = jnp.einsum("yi,xj,ijd->yxd", weights, weights, table.reshape(old, old, -1), precision="highest")
    return moved.reshape(new * new, -1)
