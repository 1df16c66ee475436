"""The dual encoder: an image tower and a text tower projected into one space (Radford et al. 2021, figure 3).

Parameters are a plain nested dict with the top-level parts `vision_model`, `text_model`, `visual_projection`,
`text_projection` and `logit_scale`: the names of a VisionTextDualEncoder checkpoint, and the units of freezing.
"""
import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt8

from clip_italian.config import Settings
from clip_italian.models.bert import Bert, BertSettings
from clip_italian.models.clip_text import ClipText, ClipTextSettings
from clip_italian.models.vit import VisionTransformer, ViTSettings

Params = dict[str, Any]
PIXEL_MEAN = (0.48145466, 0.4578275, 0.40821073)  # openai/CLIP, clip.py
PIXEL_DEVIATION = (0.26862954, 0.26130258, 0.27577711)
# Of initial weights at the width of 768 (hybrid_clip, modeling_hybrid_clip.py); narrower towers start alike in proportion.
PROJECTION_DEVIATION, PROJECTION_WIDTH = 0.02, 768
SMALLEST_NORM = 1e-12  # under the root: a zero vector has a zero embedding and finite gradients, unlike in 2021


class DualEncoderSettings(Settings):
    """The architecture of a dual encoder."""

    image: ViTSettings
    text: BertSettings | ClipTextSettings
    projection: int  # width of the common space


@functools.partial(jax.jit, static_argnums=0)
def initial(settings: DualEncoderSettings, key: Array, logit_scale: float | Array) -> Params:
    """Fresh parameters; `logit_scale` is the factor on cosines, stored as its logarithm as CLIP does."""
    image_key, text_key, visual_key, textual_key = jax.random.split(key, 4)
    size = settings.image.image_size
    ids = jnp.zeros((1, 2), int)
    return {
        "vision_model": VisionTransformer(settings.image).init(image_key, jnp.zeros((1, size, size, 3)))["params"],
        "text_model": _text_tower(settings).init(text_key, ids, ids == 0)["params"],
        "visual_projection": projection(visual_key, settings.image.width, settings.projection),
        "text_projection": projection(textual_key, settings.text.width, settings.projection),
        "logit_scale": log_scale(logit_scale),
    }


def log_scale(scale: float | Array) -> Array:
    """The parameter that stands for a factor on the cosines."""
    return jnp.log(jnp.asarray(scale, jnp.float32))


def projection(key: Array, width: int, common: int) -> Params:
    """A fresh linear map into the common space, without bias."""
    deviation = PROJECTION_DEVIATION * math.sqrt(PROJECTION_WIDTH / width)
    return {"kernel": deviation * jax.random.normal(key, (width, common))}


def _text_tower(settings: DualEncoderSettings) -> Bert | ClipText:
    return Bert(settings.text) if isinstance(settings.text, BertSettings) else ClipText(settings.text)


def normalise_pixels(pixels: UInt8[Array, "n h w 3"]) -> Float[Array, "n h w 3"]:
    """Pixels in CLIP's units."""
    mean, deviation = (jnp.asarray(values)[None, None, None] for values in (PIXEL_MEAN, PIXEL_DEVIATION))
    return (pixels.astype(jnp.float32) / 255 - mean) / deviation


def image_features(
    settings: DualEncoderSettings, params: Params, pixels: UInt8[Array, "n h w 3"]
) -> Float[Array, "n d"]:
    """The vision tower's pooled features, before the projection."""
    features: Any = VisionTransformer(settings.image).apply({"params": params["vision_model"]}, normalise_pixels(pixels))
    return features


def text_features(
    settings: DualEncoderSettings, params: Params, ids: Int[Array, "n t"], mask: Bool[Array, "n t"]
) -> Float[Array, "n d"]:
    """The text tower's pooled features, before the projection."""
    features: Any = _text_tower(settings).apply({"params": params["text_model"]}, ids, mask)
    return features[1] if isinstance(settings.text, BertSettings) else features


@jax.jit
def project_image(params: Params, features: Float[Array, "n d"]) -> Float[Array, "n p"]:
    """Unit vectors in the common space."""
    return unit(features @ params["visual_projection"]["kernel"])


@jax.jit
def project_text(params: Params, features: Float[Array, "n d"]) -> Float[Array, "n p"]:
    """Unit vectors in the common space."""
    return unit(features @ params["text_projection"]["kernel"])


def unit(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Rows scaled to length one."""
    return x * jax.lax.rsqrt(jnp.sum(x * x, axis=-1, keepdims=True) + SMALLEST_NORM)
