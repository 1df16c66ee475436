"""The files that several formats share: weights, tokeniser, picture processor, configurations."""
import pathlib
from typing import Any

import numpy as np
import safetensors.numpy

from clip_italian import files
from clip_italian.data import tokens
from clip_italian.data.resizing import FILTERS
from clip_italian.models.assembly import Model
from clip_italian.models.bert import BertSettings
from clip_italian.models.hf_config import ACTIVATIONS
from clip_italian.models.vit import ViTSettings

BERT_TOKENS = {
    "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]",
}  # fmt: skip
CLIP_TOKENS = {
    "bos_token": tokens.CLIP_SPECIAL[0], "eos_token": tokens.CLIP_SPECIAL[1], "unk_token": tokens.CLIP_SPECIAL[1],
    "pad_token": tokens.CLIP_SPECIAL[1],
}  # fmt: skip
PAD = 0  # id of the padding of texts, as `tokens.encode` pads them


def write_weights(path: pathlib.Path, state: dict[str, np.ndarray]) -> None:
    """Writes tensors as PyTorch's libraries expect them, in the order of their names: equal tensors are equal bytes."""
    content = safetensors.numpy.save(dict(sorted(state.items())), metadata={"format": "pt"})
    files.write_bytes(path, content)


def write_tokenizer(folder: pathlib.Path, model: Model, **more: Any) -> None:
    """Writes the tokeniser as transformers reads it; `more` goes into its configuration.

    The class is the one that takes `tokenizer.json` as it is: BertTokenizer would put its own normaliser in place of ours,
    which keeps capitals and accents and straightens apostrophes.
    """
    special = BERT_TOKENS if isinstance(model.settings.text, BertSettings) else CLIP_TOKENS
    tokens.save(folder, model.tokenizer)
    files.write_json(folder / "special_tokens_map.json", special)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": model.settings.text.positions}
    names = {"model_input_names": ["input_ids", "attention_mask"], "padding_side": "right", "truncation_side": "right"}
    files.write_json(folder / "tokenizer_config.json", special | config | names | more)
    if isinstance(model.settings.text, BertSettings):
        numbered = sorted(model.tokenizer.get_vocab().items(), key=lambda item: item[1])
        files.write_text(folder / "vocab.txt", "".join(f"{word}\n" for word, _ in numbered))


def write_picture_processor(folder: pathlib.Path, image: ViTSettings, **more: Any) -> None:
    """Writes `preprocessor_config.json`: the tower's square and units.

    Of an odd number of pixels to cut off, transformers leaves the smaller half in front, whatever `Fit.margin` says.
    """
    side = {"height": image.image_size, "width": image.image_size}
    fit: dict[str, Any] = {"size": side, "do_center_crop": False}
    if image.fit.kind == "crop":
        short = {"shortest_edge": image.fit.resized or image.image_size}
        fit = {"size": short, "do_center_crop": True, "crop_size": side}
    steps = {"do_convert_rgb": True, "do_resize": True, "do_rescale": True, "do_normalize": True}
    numbers = {
        "resample": int(FILTERS[image.fit.interpolation]), "rescale_factor": 1 / 255,
        "image_mean": list(image.mean), "image_std": list(image.deviation),
    }  # fmt: skip
    kind = {"image_processor_type": "CLIPImageProcessor"}
    files.write_json(folder / "preprocessor_config.json", kind | fit | steps | numbers | more)


def vision_config(image: ViTSettings) -> dict[str, Any]:
    """The picture tower as a configuration of transformers' CLIPVisionModel; the inverse of `hf_config.vision`."""
    return {
        "model_type": "clip_vision_model", "image_size": image.image_size, "patch_size": image.patch,
        "hidden_size": image.width, "num_hidden_layers": image.depth, "num_attention_heads": image.heads,
        "intermediate_size": image.hidden, "layer_norm_eps": image.epsilon, "num_channels": 3,
        "hidden_act": {ours: theirs for theirs, ours in ACTIVATIONS.items()}[image.activation],
    }  # fmt: skip


def bert_config(text: BertSettings) -> dict[str, Any]:
    """The text tower as a configuration of transformers' BertModel; the inverse of `hf_config.bert`."""
    return {
        "model_type": "bert", "vocab_size": text.vocabulary, "max_position_embeddings": text.positions,
        "type_vocab_size": text.segments, "hidden_size": text.width, "num_hidden_layers": text.depth,
        "num_attention_heads": text.heads, "intermediate_size": text.hidden, "hidden_act": "gelu",
        "layer_norm_eps": text.epsilon, "pad_token_id": PAD,
    }  # fmt: skip
