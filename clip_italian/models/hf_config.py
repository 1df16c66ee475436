"""Architectures from the `config.json` of Hugging Face and the `open_clip_config.json` of open_clip.

transformers knows what a file leaves out (CLIP's files hold little more than what differs from its defaults), so its
configuration classes read them; none of its models is used.
"""
import pathlib
from typing import Any

from clip_italian import files
from clip_italian.data.resizing import Fit
from clip_italian.errors import InputError
from clip_italian.models.bert import BertSettings, Pooling
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.layers import CLIP_EPSILON, Activation
from clip_italian.models.vit import ViTSettings

ACTIVATIONS: dict[str, Activation] = {"quick_gelu": "quick_gelu", "gelu": "gelu", "gelu_pytorch_tanh": "gelu_tanh"}
# Text towers that configurations name and do not describe (xlm-roberta-{base,large} of Conneau et al. 2020, table 8 and hub).
_XLM_ROBERTA = {
    "model_type": "xlm-roberta", "vocab_size": 250002, "max_position_embeddings": 514, "type_vocab_size": 1,
    "layer_norm_eps": 1e-5, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
}  # fmt: skip
NAMED = {
    "xlm-roberta-base": _XLM_ROBERTA,
    "xlm-roberta-large": _XLM_ROBERTA
    | {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
}
HALF = (0.5, 0.5, 0.5)  # SigLIP's mean and deviation of pixels
CROP, SQUASH = Fit(margin="floor"), Fit(kind="squash")  # how transformers prepares pictures for CLIP and for SigLIP
OPEN_CLIP_HEAD = 64  # width of an attention head where a configuration does not say (open_clip, CLIPVisionCfg)
OPEN_CLIP_WIDTH, OPEN_CLIP_VOCABULARY, OPEN_CLIP_LENGTH, OPEN_CLIP_TEXT_HEADS = 512, 49408, 77, 8  # CLIPTextCfg


def _activation(name: str, where: str) -> Activation:
    if name not in ACTIVATIONS:
        raise InputError(f"{where}: activation `{name}` is not known; known: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def vision(config: Any, where: str) -> ViTSettings:
    """The tower of a CLIP or SigLIP vision configuration."""
    siglip = config.model_type == "siglip_vision_model"
    tower = ViTSettings(
        image_size=config.image_size, stem=(), patch=config.patch_size, width=config.hidden_size,
        depth=config.num_hidden_layers, heads=config.num_attention_heads, hidden=config.intermediate_size,
        pooling="attention" if siglip else "class", activation=_activation(config.hidden_act, where),
        epsilon=config.layer_norm_eps, fit=CROP,
    )  # fmt: skip
    return tower.model_copy(update={"mean": HALF, "deviation": HALF, "fit": SQUASH}) if siglip else tower


def clip_text(config: Any, where: str) -> ClipTextSettings:
    """The tower of a CLIP or SigLIP text configuration."""
    return ClipTextSettings(
        vocabulary=config.vocab_size, positions=config.max_position_embeddings, width=config.hidden_size,
        depth=config.num_hidden_layers, heads=config.num_attention_heads, hidden=config.intermediate_size,
        reading="fixed" if config.model_type == "siglip_text_model" else "last",
        activation=_activation(config.hidden_act, where), epsilon=config.layer_norm_eps,
    )  # fmt: skip


def bert(config: Any, pooling: Pooling, vocabulary: int, where: str) -> BertSettings:
    """The tower of a BERT, XLM-RoBERTa or DistilBERT configuration.

    `vocabulary` is the number of rows of the word table: dbmdz's configurations say 32102 where the tables have 31102.
    """
    if config.model_type == "distilbert":
        sizes = {"width": config.dim, "depth": config.n_layers, "heads": config.n_heads, "hidden": config.hidden_dim}
        activation, kind = config.activation, {"segments": 0}
    else:
        sizes = {"width": config.hidden_size, "depth": config.num_hidden_layers, "heads": config.num_attention_heads}
        sizes, activation = sizes | {"hidden": config.intermediate_size}, config.hidden_act
        kind = {"segments": config.type_vocab_size, "epsilon": config.layer_norm_eps}
    # RoBERTa counts positions from the row behind that of the padding.
    first = config.pad_token_id + 1 if config.model_type in ("xlm-roberta", "roberta", "camembert") else 0
    if _activation(activation, where) != "gelu":
        raise InputError(f"{where}: activation `{activation}`; this tower has the exact GELU alone")
    positions = config.max_position_embeddings - first
    return BertSettings(vocabulary=vocabulary, positions=positions, pooling=pooling, first_position=first, **sizes, **kind)


def open_clip_vision(model: dict[str, Any]) -> ViTSettings:
    """The tower of `model_cfg.vision_cfg`."""
    config = model["vision_cfg"]
    width = config["width"]
    return ViTSettings(
        image_size=config["image_size"], stem=(), patch=config["patch_size"], width=width, depth=config["layers"],
        heads=width // config.get("head_width", OPEN_CLIP_HEAD), hidden=int(width * config.get("mlp_ratio", 4.0)),
        pooling="class", activation=_open_clip_activation(model), epsilon=CLIP_EPSILON,
    )  # fmt: skip


def open_clip_text(model: dict[str, Any]) -> ClipTextSettings:
    """The tower of a `model_cfg.text_cfg` that names no Hugging Face model."""
    config = model["text_cfg"]
    width = config.get("width", OPEN_CLIP_WIDTH)
    return ClipTextSettings(
        vocabulary=config.get("vocab_size", OPEN_CLIP_VOCABULARY), positions=config.get("context_length", OPEN_CLIP_LENGTH),
        width=width, depth=config.get("layers", 12), heads=config.get("heads", OPEN_CLIP_TEXT_HEADS),
        hidden=int(width * config.get("mlp_ratio", 4.0)), activation=_open_clip_activation(model), epsilon=CLIP_EPSILON,
    )  # fmt: skip


def _open_clip_activation(model: dict[str, Any]) -> Activation:
    return "quick_gelu" if model.get("quick_gelu") else "gelu"


def of_hub_name(name: str, where: str) -> dict[str, Any]:
    """The configuration of a text tower that `where` gives by its name on the hub, or by a folder."""
    bare = name.removeprefix("FacebookAI/")
    if bare in NAMED:
        return NAMED[bare]
    path = pathlib.Path(name) / "config.json"
    if not path.exists():
        raise InputError(f"{where}: the text tower `{name}` is not known; known are {', '.join(NAMED)}, or a local folder")
    return files.read_json(path)
