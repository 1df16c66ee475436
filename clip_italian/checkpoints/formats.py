"""Rules that map the tensor names of other libraries' checkpoints to ours.

Names are those of a PyTorch state dict. A rule is a regular expression and its replacement; the rules of a format are applied in
order. Tensors that a format ignores are no parameters of a dual encoder. A format maps the prefix of the text tower; the tower
maps the rest of the name (`TextTower.tensor_names`, `ignored_tensors`).
"""

import re
from typing import NamedTuple

from clip_italian.models.text_tower import TextTower

TRANSPOSED = "@transposed"  # at the end of a replacement: a matrix that the file stores as (in, out)
THIRDS = ("q_proj", "k_proj", "v_proj")  # the parts of torch.nn.MultiheadAttention's `in_proj_weight` and `in_proj_bias`


class Format(NamedTuple):
    """The naming of tensors in a library's checkpoints."""

    rules: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


class Origin(NamedTuple):
    """The source of a parameter: a tensor's name, which third of its rows (None: all), and whether to transpose it."""

    name: str
    third: int | None
    transposed: bool


BUFFERS = (r"(^|\.)position_ids$",)
TEXT = "text_model."

# transformers writes CLIP's towers below `vision_model.vision_model` (version 4, and Flax) or `vision_model` (5).
HUGGING_FACE = Format(
    (
        (r"^(vision|text)_model\.\1_model\.", r"\1_model."),
        (r"^text_model\.head\.", "text_projection."),  # SigLIP
    ),
    BUFFERS,
)

TEXT_TOWER = Format(((r"^", TEXT),), BUFFERS)  # transformers' folder of a text tower alone

SENTENCE_TRANSFORMERS_DENSE = Format(((r"^linear\.", "text_projection."),), ())

# M-CLIP (Carlsson et al. 2022): XLM-RoBERTa and an affine map.
M_CLIP = Format(((r"^LinearTransformation\.", "text_projection."), (r"^transformer\.", TEXT)), BUFFERS)

_BLOCK = (
    (r"resblocks\.(\d+)\.ln_([12])\.", r"encoder.layers.\1.layer_norm\2."),
    (r"resblocks\.(\d+)\.attn\.", r"encoder.layers.\1.self_attn."),
    (r"resblocks\.(\d+)\.mlp\.c_fc\.", r"encoder.layers.\1.mlp.fc1."),
    (r"resblocks\.(\d+)\.mlp\.c_proj\.", r"encoder.layers.\1.mlp.fc2."),
)
OPEN_CLIP = Format(
    (
        (r"^visual\.class_embedding$", "vision_model.embeddings.class_embedding"),
        (r"^visual\.positional_embedding$", "vision_model.embeddings.position_embedding.weight"),
        (r"^visual\.conv1\.", "vision_model.embeddings.patch_embedding."),
        (r"^visual\.ln_pre\.", "vision_model.pre_layrnorm."),
        (r"^visual\.ln_post\.", "vision_model.post_layernorm."),
        (r"^visual\.proj$", "visual_projection.weight" + TRANSPOSED),
        (r"^visual\.transformer\.", "vision_model."),
        (r"^text\.proj\.", "text_projection."),  # of a Hugging Face text tower
        (r"^text\.transformer\.(?!resblocks)", "text_model."),
        (r"^(?:text\.)?text_projection$", "text_projection.weight" + TRANSPOSED),  # of open_clip's own
        (r"^(?:text\.)?token_embedding\.", "text_model.embeddings.token_embedding."),
        (r"^(?:text\.)?positional_embedding$", "text_model.embeddings.position_embedding.weight"),
        (r"^(?:text\.)?ln_final\.", "text_model.final_layer_norm."),
        (r"^(?:text\.)?transformer\.", "text_model."),
        *_BLOCK,
    ),
    (*BUFFERS, r"(^|\.)attn_mask$"),
)

NAMES_OF_OURS = Format((), ())


def origins(name: str, form: Format, text: TextTower | None) -> dict[str, Origin]:
    """The parameters in a tensor of a file, by our names; empty if the tensor is ignored."""
    if any(re.search(pattern, name) for pattern in form.ignored):
        return {}
    ours = _renamed(name, form.rules)
    if text is not None and ours.startswith(TEXT):
        ours = TEXT + _renamed(ours.removeprefix(TEXT), text.tensor_names)
        if any(re.search(pattern, ours.removeprefix(TEXT)) for pattern in text.ignored_tensors):
            return {}
    fused = re.fullmatch(r"(.*)in_proj_(weight|bias)", ours)
    if fused:
        return {f"{fused[1]}{part}.{fused[2]}": Origin(name, third, False) for third, part in enumerate(THIRDS)}
    return {ours.removesuffix(TRANSPOSED): Origin(name, None, ours.endswith(TRANSPOSED))}


def _renamed(name: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name
