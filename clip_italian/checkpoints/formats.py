"""How the checkpoints of other libraries name their tensors, as data: what each name is called here.

Names are those of a PyTorch state dict. The rules of a format are applied to a name in their order, each as a regular
expression and its replacement. What a format ignores is no part of a dual encoder: buffers, and the heads of other tasks.
"""

import re
from typing import NamedTuple

TRANSPOSED = "@transposed"  # at the end of a replacement: a matrix that the file keeps as (in, out)
THIRDS = ("q_proj", "k_proj", "v_proj")  # the parts of torch.nn.MultiheadAttention's `in_proj_weight` and `in_proj_bias`


class Format(NamedTuple):
    """A way of naming tensors."""

    rules: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


class Origin(NamedTuple):
    """Where in the file a parameter is: the tensor's name, which third of its rows (None: all), whether to transpose it."""

    name: str
    third: int | None
    transposed: bool


BUFFERS = (r"(^|\.)position_ids$",)
# dbmdz's weights of 2019 call a layer norm's scale and offset gamma and beta, as TensorFlow's BERT did.
LEGACY_NORM = ((r"\.gamma$", ".weight"), (r"\.beta$", ".bias"))
OTHER_TASKS = (r"^cls\.", r"^lm_head\.", r"^vocab_(transform|layer_norm|projector)\.")

# transformers writes CLIP's towers below `vision_model.vision_model` (version 4, and Flax) or `vision_model` (5).
HUGGING_FACE = Format(
    (
        (r"^(vision|text)_model\.\1_model\.", r"\1_model."),
        (r"^text_model\.head\.", "text_projection."),  # SigLIP
        *LEGACY_NORM,
    ),
    BUFFERS,
)

BERT = Format(((r"^(?:bert|roberta)\.", ""), (r"^", "text_model."), *LEGACY_NORM), (*BUFFERS, *OTHER_TASKS))

BERT_WITHOUT_POOLER = Format(BERT.rules, (*BERT.ignored, r"^((bert|roberta)\.)?pooler\."))

DISTILBERT = Format(
    (
        (r"^distilbert\.", ""),
        (r"^transformer\.layer\.(\d+)\.attention\.([qkv])_lin\.", r"encoder.layer.\1.attention.self.\2_lin."),
        (r"self\.q_lin", "self.query"),
        (r"self\.k_lin", "self.key"),
        (r"self\.v_lin", "self.value"),
        (r"^transformer\.layer\.(\d+)\.attention\.out_lin\.", r"encoder.layer.\1.attention.output.dense."),
        (r"^transformer\.layer\.(\d+)\.sa_layer_norm\.", r"encoder.layer.\1.attention.output.LayerNorm."),
        (r"^transformer\.layer\.(\d+)\.ffn\.lin1\.", r"encoder.layer.\1.intermediate.dense."),
        (r"^transformer\.layer\.(\d+)\.ffn\.lin2\.", r"encoder.layer.\1.output.dense."),
        (r"^transformer\.layer\.(\d+)\.output_layer_norm\.", r"encoder.layer.\1.output.LayerNorm."),
        (r"^", "text_model."),
    ),
    (*BUFFERS, *OTHER_TASKS),
)

SENTENCE_TRANSFORMERS_DENSE = Format(((r"^linear\.", "text_projection."),), ())

# M-CLIP (Carlsson et al. 2022): XLM-RoBERTa with its unused pooler, and an affine map.
M_CLIP = Format(
    ((r"^LinearTransformation\.", "text_projection."), (r"^transformer\.", "text_model.")),
    (*BUFFERS, r"^transformer\.pooler\."),
)

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

OPEN_CLIP_WITHOUT_POOLER = Format(OPEN_CLIP.rules, (*OPEN_CLIP.ignored, r"^text\.transformer\.pooler\."))

NAMES_OF_OURS = Format((), ())


def origins(name: str, form: Format) -> dict[str, Origin]:
    """The parameters that a file's tensor holds: their names here, and where each is; empty where it is to be ignored."""
    if any(re.search(pattern, name) for pattern in form.ignored):
        return {}
    ours = name
    for pattern, replacement in form.rules:
        ours = re.sub(pattern, replacement, ours)
    fused = re.fullmatch(r"(.*)in_proj_(weight|bias)", ours)
    if fused:
        return {f"{fused[1]}{part}.{fused[2]}": Origin(name, third, False) for third, part in enumerate(THIRDS)}
    return {ours.removesuffix(TRANSPOSED): Origin(name, None, ours.endswith(TRANSPOSED))}
