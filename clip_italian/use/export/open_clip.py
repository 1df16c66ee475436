"""A folder for open_clip's `local-dir:`: its vision transformer beside a BERT of transformers."""

import pathlib
import re
from typing import Any

import numpy as np

from clip_italian import files
from clip_italian.checkpoints import weights
from clip_italian.checkpoints.formats import THIRDS
from clip_italian.checkpoints.model import Model
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.models.layers import CLIP_EPSILON
from clip_italian.use.export import hugging_face

# From our names to open_clip's; the inverse of `formats.OPEN_CLIP`.
RENAMED = (
    (r"^vision_model\.embeddings\.class_embedding$", "visual.class_embedding"),
    (r"^vision_model\.embeddings\.position_embedding\.weight$", "visual.positional_embedding"),
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual.conv1."),
    (r"^vision_model\.pre_layrnorm\.", "visual.ln_pre."),
    (r"^vision_model\.post_layernorm\.", "visual.ln_post."),
    (r"^vision_model\.encoder\.layers\.(\d+)\.", r"visual.transformer.resblocks.\1."),
    (r"(resblocks\.\d+)\.layer_norm([12])\.", r"\1.ln_\2."),
    (r"(resblocks\.\d+)\.self_attn\.", r"\1.attn."),
    (r"(resblocks\.\d+)\.mlp\.fc1\.", r"\1.mlp.c_fc."),
    (r"(resblocks\.\d+)\.mlp\.fc2\.", r"\1.mlp.c_proj."),
    (r"^text_model\.", "text.transformer."),
    (r"^text_projection\.", "text.proj."),
)


def unlike(settings: DualEncoderSettings) -> list[str]:
    """The reasons why open_clip cannot hold the towers; empty if it can."""
    image, reasons = settings.image, hugging_face.unlike_clip_italian(settings)
    if image.activation == "gelu_tanh":
        reasons.append("the image tower's activation is the GELU approximated by tanh, which open_clip does not have")
    if image.epsilon != CLIP_EPSILON:
        reasons.append(f"the image tower's layer norms add {image.epsilon}, and open_clip's {CLIP_EPSILON}")
    if int(image.width * (image.mlp_dim / image.width)) != image.mlp_dim:
        reasons.append(f"open_clip cannot compute the image tower's `mlp_dim` {image.mlp_dim} from a ratio to {image.width}")
    return reasons


def write(folder: pathlib.Path, model: Model, home: pathlib.Path) -> None:
    """Writes the folder, which will lie at `home`.

    open_clip reads the text tower's configuration from `text_cfg.hf_model_name`, a path relative to the working directory, not to
    the folder; here it is `home` unchanged.
    """
    settings = model.settings
    files.write_json(folder / "open_clip_config.json", config(settings, home))
    files.write_json(folder / weights.SETTINGS, settings.text.exported().config)
    hugging_face.write_weights(folder / "open_clip_model.safetensors", renamed(weights.to_state(model.params)))
    hugging_face.write_tokenizer(folder, model)


def config(settings: DualEncoderSettings, home: pathlib.Path) -> dict[str, Any]:
    """The content of `open_clip_config.json`."""
    image, text = settings.image, settings.text
    vision = {
        "image_size": image.image_size,
        "patch_size": image.patch,
        "width": image.width,
        "layers": image.depth,
        "head_width": image.width // image.heads,
        "mlp_ratio": image.mlp_dim / image.width,
    }
    texts = {
        "context_length": text.max_length,
        "vocab_size": text.vocabulary,
        "hf_model_name": str(home),
        "hf_tokenizer_name": str(home),
        "hf_pooler_type": "cls_pooler",
        "hf_proj_type": "linear",
    }
    preprocessing = {
        "mean": list(image.mean),
        "std": list(image.std),
        "interpolation": image.fit.interpolation,
        "resize_mode": {"crop": "shortest", "squash": "squash"}[image.fit.kind],
    }
    model = {"embed_dim": settings.projection, "quick_gelu": image.activation == "quick_gelu"}
    return {"model_cfg": model | {"vision_cfg": vision, "text_cfg": texts}, "preprocess_cfg": preprocessing}


def renamed(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors under open_clip's names, where query, key and value of an attention layer are one tensor."""
    state = {_name(name): value for name, value in state.items()}
    state["visual.proj"] = np.ascontiguousarray(state.pop("visual_projection.weight").T)
    for name in [name for name in state if f".{THIRDS[0]}." in name]:
        block, kind = name.split(f".{THIRDS[0]}.")
        joined = [state.pop(f"{block}.{part}.{kind}") for part in THIRDS]
        state[f"{block}.in_proj_{kind}"] = np.concatenate(joined)
    return state


def _name(name: str) -> str:
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement, name)
    return name
