"""A VisionTextDualEncoder of transformers: the format in which CLIP-Italian was published."""

import pathlib
from typing import Any

import numpy as np
import safetensors.numpy
from tokenizers.models import WordPiece

from clip_italian import files
from clip_italian.checkpoints import weights
from clip_italian.checkpoints.model import Model
from clip_italian.data import tokens
from clip_italian.data.images.resizing import FILTERS
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.models.layers import ACTIVATIONS
from clip_italian.models.vit import ViTSettings


# Files that several formats share.
def write_weights(path: pathlib.Path, state: dict[str, np.ndarray]) -> None:
    """Writes a safetensors file for PyTorch, with the tensors sorted by name: equal tensors give equal bytes."""
    content = safetensors.numpy.save(dict(sorted(state.items())), metadata={"format": "pt"})
    files.write_bytes(path, content)


def write_tokenizer(folder: pathlib.Path, model: Model, **more: Any) -> None:
    """Writes the tokeniser in transformers' files; `more` is added to its configuration.

    Its class, PreTrainedTokenizerFast, takes `tokenizer.json` as it is. BertTokenizer would replace our normaliser, which keeps
    capitals and accents and straightens apostrophes, with its own.
    """
    special = model.settings.text.special_tokens
    tokens.save(folder, model.tokenizer)
    files.write_json(folder / "special_tokens_map.json", special)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": model.settings.text.max_length}
    names = {"model_input_names": ["input_ids", "attention_mask"], "padding_side": "right", "truncation_side": "right"}
    files.write_json(folder / "tokenizer_config.json", special | config | names | more)
    if isinstance(model.tokenizer.model, WordPiece):
        numbered = sorted(model.tokenizer.get_vocab().items(), key=lambda item: item[1])
        files.write_text(folder / "vocab.txt", "".join(f"{word}\n" for word, _ in numbered))


def write_image_processor(folder: pathlib.Path, image: ViTSettings, **more: Any) -> None:
    """Writes `preprocessor_config.json`: how images are resized, cropped and normalised for the tower.

    Where an odd number of pixels is cut off, transformers cuts the smaller half at the top or left, whatever `Fit.margin` says.
    """
    side = {"height": image.image_size, "width": image.image_size}
    fit: dict[str, Any] = {"size": side, "do_center_crop": False}
    if image.fit.kind == "crop":
        short = {"shortest_edge": image.fit.resized or image.image_size}
        fit = {"size": short, "do_center_crop": True, "crop_size": side}
    steps = {"do_convert_rgb": True, "do_resize": True, "do_rescale": True, "do_normalize": True}
    numbers = {
        "resample": int(FILTERS[image.fit.interpolation]),
        "rescale_factor": 1 / 255,
        "image_mean": list(image.mean),
        "image_std": list(image.std),
    }
    kind = {"image_processor_type": "CLIPImageProcessor"}
    files.write_json(folder / "preprocessor_config.json", kind | fit | steps | numbers | more)


def vision_config(image: ViTSettings) -> dict[str, Any]:
    """The image tower as a configuration of transformers' CLIPVisionModel; the inverse of `hf_config.vision`."""
    return {
        "model_type": "clip_vision_model",
        "image_size": image.image_size,
        "patch_size": image.patch,
        "hidden_size": image.width,
        "num_hidden_layers": image.depth,
        "num_attention_heads": image.heads,
        "intermediate_size": image.mlp_dim,
        "layer_norm_eps": image.epsilon,
        "num_channels": 3,
        "hidden_act": {ours: theirs for theirs, ours in ACTIVATIONS.items()}[image.activation],
    }


PROCESSOR = "VisionTextDualEncoderProcessor"


def write(folder: pathlib.Path, model: Model) -> None:
    """Writes a folder that versions 4 and 5 of transformers load with no tensor missing."""
    settings = model.settings
    config = {
        "model_type": "vision-text-dual-encoder",
        "architectures": ["VisionTextDualEncoderModel"],
        "projection_dim": settings.projection,
        "vision_config": vision_config(settings.image),
        "text_config": settings.text.exported().config,
    }
    files.write_json(folder / weights.SETTINGS, config)
    # Version 5 reads the prefix `vision_model.` once or twice; version 4 needs it twice, else it initialises the tensors randomly.
    state = {
        f"vision_model.{name}" if name.startswith("vision_model.") else name: value
        for name, value in weights.to_state(model.params).items()
    }
    write_weights(folder / weights.WEIGHTS, state)
    write_tokenizer(folder, model, processor_class=PROCESSOR)
    write_image_processor(folder, settings.image, processor_class=PROCESSOR)
    files.write_json(folder / "processor_config.json", {"processor_class": PROCESSOR})


# Which towers the architectures of other libraries can hold, and the reasons where they cannot.
def unlike_bert(settings: DualEncoderSettings) -> list[str]:
    """Returns how the text tower differs from a BERT with a linear head; empty if it does not. The pooling is not compared."""
    unlike = settings.text.exported().unlike
    if settings.text_head != "linear":
        unlike.append(f"texts have a head of kind `{settings.text_head}`; only `linear` is exported")
    return unlike


def unlike_clip_italian(settings: DualEncoderSettings) -> list[str]:
    """Returns how the model differs from CLIP-Italian's: the image tower of CLIP (Radford et al. 2021), a BERT with its pooler."""
    image, text, reasons = settings.image, settings.text.exported(), []
    if image.stem:
        reasons.append("the image tower begins with convolutions (`stem`), and CLIP's does not")
    if image.pooling != "class":
        reasons.append(f"the image tower pools by `{image.pooling}`, and CLIP's takes the class token")
    if settings.image_head != "linear":
        reasons.append(f"images have a head of kind `{settings.image_head}`, and CLIP's is `linear`")
    reasons += unlike_bert(settings)
    if not text.unlike and text.pooling != "pooler":
        reasons.append(f"the text tower pools by `{text.pooling}`, not by BERT's pooler")
    if settings.logit_bias:
        reasons.append("the logits have a bias, as SigLIP's")
    return reasons
