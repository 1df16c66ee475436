"""Checkpoints of random numbers and tiny widths in the layout in which their publishers keep them: torch's file, settings, words.

OpenAI's CLIP (openai/clip-vit-base-patch32) and the Italian BERT (dbmdz/bert-base-italian-xxl-uncased): the tensors' names, shapes
and settings are those of transformers' CLIPModel and BertModel.
"""

import io
import pathlib
import pickle
import struct
import zipfile
from collections.abc import Iterable
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.data import tokens
from clip_italian.data.archives import EPOCH
from clip_italian.training.backbones import TowerSettings

Tensors = dict[str, np.ndarray]
WEIGHTS, CONFIG = "pytorch_model.bin", "config.json"


class ClipSizes(Settings):
    """The sizes of the English CLIP."""

    image: TowerSettings
    text: TowerSettings
    projection: int
    patch: int  # pixels
    side: int  # pixels
    positions: int  # tokens
    vocabulary: int  # at most


class BertSizes(Settings):
    """The sizes of the Italian BERT."""

    tower: TowerSettings
    positions: int
    vocabulary: int  # at most


def write_clip(folder: pathlib.Path, sizes: ClipSizes, texts: Iterable[str], seed: int) -> None:
    """Writes a CLIPModel whose tokeniser knows the words of `texts`."""
    tokenizer = tokens.train_clip_bpe(texts, sizes.vocabulary)
    words, rng = tokenizer.get_vocab_size(), np.random.default_rng([seed, 0])
    start, end = (tokenizer.token_to_id(mark) for mark in tokens.CLIP_SPECIAL)
    state: Tensors = {"logit_scale": np.array(np.log(1 / 0.07), np.float32)}
    state |= {
        "text_model.embeddings.token_embedding.weight": _normal(rng, words, sizes.text.width),
        "text_model.embeddings.position_embedding.weight": _normal(rng, sizes.positions, sizes.text.width),
        "vision_model.embeddings.class_embedding": _normal(rng, sizes.image.width),
        "vision_model.embeddings.patch_embedding.weight": _normal(rng, sizes.image.width, 3, sizes.patch, sizes.patch),
        "vision_model.embeddings.position_embedding.weight": _normal(rng, (sizes.side // sizes.patch) ** 2 + 1, sizes.image.width),
        "text_projection.weight": _normal(rng, sizes.projection, sizes.text.width),
        "visual_projection.weight": _normal(rng, sizes.projection, sizes.image.width),
    }
    for name, norms, tower in (
        ("text_model", ("final_layer_norm",), sizes.text),
        ("vision_model", ("pre_layrnorm", "post_layernorm"), sizes.image),  # transformers' own spelling
    ):
        for norm in norms:
            state |= _norm(f"{name}.{norm}", tower.width)
        for layer in range(tower.depth):
            state |= _clip_layer(rng, f"{name}.encoder.layers.{layer}", tower)
    config = {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": sizes.projection,
        "logit_scale_init_value": 2.6592,
        "text_config": _tower(sizes.text)
        | {
            "model_type": "clip_text_model",
            "hidden_act": "quick_gelu",
            "layer_norm_eps": 1e-5,
            "vocab_size": words,
            "max_position_embeddings": sizes.positions,
            "bos_token_id": start,
            "eos_token_id": end,
            "pad_token_id": end,
        },
        "vision_config": _tower(sizes.image)
        | {
            "model_type": "clip_vision_model",
            "hidden_act": "quick_gelu",
            "layer_norm_eps": 1e-5,
            "image_size": sizes.side,
            "patch_size": sizes.patch,
            "num_channels": 3,
        },
    }
    _write(folder, config, state, tokenizer)
    marks = {"bos_token": tokens.CLIP_SPECIAL[0], "eos_token": tokens.CLIP_SPECIAL[1], "pad_token": tokens.CLIP_SPECIAL[1]}
    files.write_json(
        folder / "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizerFast", "model_max_length": sizes.positions, **marks}
    )


def write_bert(folder: pathlib.Path, sizes: BertSizes, texts: Iterable[str], seed: int) -> None:
    """Writes a BertModel, with its pooler, whose tokeniser knows the words of `texts`; without tokenizer.json, as its publisher."""
    tokenizer = tokens.train_wordpiece(texts, sizes.vocabulary)
    vocabulary, rng, tower = tokenizer.get_vocab(), np.random.default_rng([seed, 1]), sizes.tower
    state: Tensors = {
        "bert.embeddings.word_embeddings.weight": _normal(rng, len(vocabulary), tower.width),
        "bert.embeddings.position_embeddings.weight": _normal(rng, sizes.positions, tower.width),
        "bert.embeddings.token_type_embeddings.weight": _normal(rng, 2, tower.width),
        **_norm("bert.embeddings.LayerNorm", tower.width),
        **_linear(rng, "bert.pooler.dense", tower.width, tower.width),
    }
    for layer in range(tower.depth):
        start = f"bert.encoder.layer.{layer}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            state |= _linear(rng, f"{start}.attention.{part}", tower.width, tower.width)
        state |= _linear(rng, f"{start}.intermediate.dense", tower.hidden, tower.width)
        state |= _linear(rng, f"{start}.output.dense", tower.width, tower.hidden)
        state |= _norm(f"{start}.attention.output.LayerNorm", tower.width) | _norm(f"{start}.output.LayerNorm", tower.width)
    config = _tower(tower) | {
        "architectures": ["BertForMaskedLM"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "vocab_size": len(vocabulary),
        "max_position_embeddings": sizes.positions,
        "type_vocab_size": 2,
        "pad_token_id": 0,
    }
    _write(folder, config, state, None)
    files.write_text(folder / "vocab.txt", "".join(word + "\n" for word in sorted(vocabulary, key=vocabulary.__getitem__)))
    files.write_json(folder / "tokenizer_config.json", {"do_lower_case": True, "model_max_length": sizes.positions})


def _write(folder: pathlib.Path, config: dict[str, Any], state: Tensors, tokenizer: Tokenizer | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / CONFIG, config)
    files.write_bytes(folder / WEIGHTS, torch_file(state))
    if tokenizer is not None:
        tokens.save(folder, tokenizer)


def _tower(sizes: TowerSettings) -> dict[str, int]:
    return {
        "hidden_size": sizes.width,
        "num_hidden_layers": sizes.depth,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.hidden,
    }


def _normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (0.1 * rng.standard_normal(shape)).astype(np.float32)


def _norm(name: str, width: int) -> Tensors:
    return {f"{name}.weight": np.ones(width, np.float32), f"{name}.bias": np.zeros(width, np.float32)}


def _linear(rng: np.random.Generator, name: str, outputs: int, inputs: int) -> Tensors:
    return {f"{name}.weight": _normal(rng, outputs, inputs), f"{name}.bias": np.zeros(outputs, np.float32)}


def _clip_layer(rng: np.random.Generator, start: str, tower: TowerSettings) -> Tensors:
    state: Tensors = {}
    for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
        state |= _linear(rng, f"{start}.self_attn.{part}", tower.width, tower.width)
    state |= _linear(rng, f"{start}.mlp.fc1", tower.hidden, tower.width)
    state |= _linear(rng, f"{start}.mlp.fc2", tower.width, tower.hidden)
    return state | _norm(f"{start}.layer_norm1", tower.width) | _norm(f"{start}.layer_norm2", tower.width)


# --- torch.save without torch: a zip of a pickle and of each tensor's bytes ------------------------------------------------
def torch_file(state: Tensors) -> bytes:
    """A state of float32 tensors as `torch.save` has written it since version 1.6; equal states give equal bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        members = {"data.pkl": _pickled(state), "byteorder": b"little", "version": b"3\n"}
        members |= {f"data/{key}": np.ascontiguousarray(tensor).tobytes() for key, tensor in enumerate(state.values())}
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(f"archive/{name}", EPOCH), data)
    return content.getvalue()


def _pickled(state: Tensors) -> bytes:
    """An OrderedDict of calls of torch._utils._rebuild_tensor_v2, in opcodes of protocol 2: torch itself need not be there."""
    ordered = _name("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    items = b"".join(_text(name) + _tensor(key, tensor, ordered) for key, (name, tensor) in enumerate(state.items()))
    return pickle.PROTO + b"\x02" + ordered + pickle.MARK + items + pickle.SETITEMS + pickle.STOP


def _tensor(key: int, tensor: np.ndarray, ordered: bytes) -> bytes:
    storage = _tuple(_text("storage"), _name("torch", "FloatStorage"), _text(str(key)), _text("cpu"), _number(tensor.size))
    strides = [step // tensor.itemsize for step in np.ascontiguousarray(tensor).strides[: tensor.ndim]]
    sizes = (_tuple(*map(_number, numbers)) for numbers in (tensor.shape, strides))
    arguments = _tuple(storage + pickle.BINPERSID, _number(0), *sizes, pickle.NEWFALSE, ordered)
    return _name("torch._utils", "_rebuild_tensor_v2") + arguments + pickle.REDUCE


def _name(module: str, attribute: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{attribute}\n".encode()


def _text(value: str) -> bytes:
    return pickle.BINUNICODE + struct.pack("<I", len(value.encode())) + value.encode()


def _number(value: int) -> bytes:
    return pickle.BININT + struct.pack("<i", value)


def _tuple(*items: bytes) -> bytes:
    return pickle.MARK + b"".join(items) + pickle.TUPLE
