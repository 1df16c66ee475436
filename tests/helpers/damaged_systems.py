"""Model folders that are damaged on purpose, in several layouts: for each, what is done to it and what the message has to say."""

import json
import pathlib
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.serialization
import numpy as np
import safetensors.numpy

from tests.helpers import checkpoint_files as made
from tests.helpers.hostile_pickles import HOSTILE_PICKLES
from tests.helpers.spoilt_checkpoints import SPOILT

HYBRID, FLAX, SHARDS, OPENAI, TORCH = "clip-italian", "clip-italian-flax", "clip-italian-shards", "openai", "openai-torch"
MULTILINGUAL, OPEN_CLIP, PLAIN, M_CLIP, SIGLIP = "multilingual-clip", "open-clip-xlm-roberta", "open-clip", "m-clip", "siglip"
BINS = {TORCH: "pytorch_model.bin", M_CLIP: "pytorch_model.bin", PLAIN: "open_clip_pytorch_model.bin"}
BINS |= {OPEN_CLIP: "open_clip_pytorch_model.bin", MULTILINGUAL: "2_Dense/pytorch_model.bin"}


class Damage(NamedTuple):
    """A golden system, the file that is spoilt, how, and what the refusal says of it."""

    system: str
    file: str
    spoil: Callable[[bytes], bytes]
    message: str


def tensors(change: Callable[[dict[str, np.ndarray]], Any]) -> Callable[[bytes], bytes]:
    """Changes the arrays of a safetensors file."""

    def spoil(content: bytes) -> bytes:
        state = safetensors.numpy.load(content)
        change(state)
        return safetensors.numpy.save(state, {"format": "pt"})

    return spoil


def leaves(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    """Changes the tree of a Flax file."""

    def spoil(content: bytes) -> bytes:
        tree = flax.serialization.msgpack_restore(content)
        change(tree)
        return flax.serialization.msgpack_serialize(tree)

    return spoil


def settings(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    """Changes a file of settings; `change` may return another value in its place."""

    def spoil(content: bytes) -> bytes:
        value = json.loads(content)
        replaced = change(value)
        return json.dumps(value if replaced is None else replaced).encode()

    return spoil


def entry(*path: str, value: Any) -> Callable[[bytes], bytes]:
    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return settings(change)


def without(*path: str) -> Callable[[bytes], bytes]:
    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        del content[path[-1]]

    return settings(change)


def put(content: bytes) -> Callable[[bytes], bytes]:
    return lambda _: content


def cut(tenths: int) -> Callable[[bytes], bytes]:
    return lambda content: content[: len(content) * tenths // 10]


def filled(state: dict[str, np.ndarray], name: str, value: float) -> None:
    state[name] = np.full_like(state[name], value)


FC1, WORDS = "vision_model.encoder.layers.1.mlp.fc1.weight", "text_model.embeddings.word_embeddings.weight"
DAMAGED: dict[str, Damage] = {}


def _arrays() -> None:
    """Wrong tensors in safetensors, of two layouts with the same picture tower."""
    changes: dict[str, tuple[Callable[[dict[str, np.ndarray]], Any], str]] = {
        "nan": (lambda s: filled(s, FC1, np.nan), f"tensor `{FC1}` holds NaN or infinity; get"),
        "infinity": (lambda s: filled(s, FC1, np.inf), f"tensor `{FC1}` holds NaN or infinity; get"),
        "missing": (lambda s: s.pop(FC1), f"no tensor is `{FC1}`; the file is of another model or damaged"),
        "extra": (lambda s: s.update({"head.weight": np.zeros(2, np.float32)}), "tensor `head.weight` belongs to no part"),
        "renamed": (lambda s: s.update({"text_model.x": s.pop(FC1)}), f"no tensor is `{FC1}`"),
        "transposed": (lambda s: s.update({FC1: s[FC1].T.copy()}), rf"`{FC1}` has shape \(8, 16\), which .* the model needs"),
        "narrow": (lambda s: s.update({FC1: s[FC1][:, :3].copy()}), rf"`{FC1}` has shape \(16, 3\)"),
        "scalar": (lambda s: s.update({FC1: np.array(1, np.float32)}), rf"`{FC1}` has shape \(\)"),
        "empty": (lambda s: s.update({FC1: np.zeros((0, 8), np.float32)}), rf"`{FC1}` has shape \(0, 8\)"),
        "whole-numbers": (lambda s: s.update({FC1: s[FC1].astype(np.int32)}), f"`{FC1}` holds int32, not numbers with fractions"),
        "truth-values": (lambda s: s.update({FC1: s[FC1] > 0}), f"`{FC1}` holds bool"),
        "block-too-many": (lambda s: s.update({FC1.replace("1", "7", 1): s[FC1]}), "belongs to no part of the model"),
    }
    for system in (HYBRID, OPENAI, SIGLIP):
        for name, (change, message) in changes.items():
            DAMAGED[f"{system}-{name}"] = Damage(system, "model.safetensors", tensors(change), message)
    both = tensors(lambda s: s.update({"vision_model." + FC1: s[FC1]}))
    DAMAGED["two-of-one-name"] = Damage(HYBRID, "model.safetensors", both, f"are both `{FC1}`")
    flat = tensors(lambda s: s.update({WORDS: np.array(1, np.float32)}))
    DAMAGED["table-of-one-number"] = Damage(HYBRID, "model.safetensors", flat, "is a single number")
    none = tensors(lambda s: s.pop(WORDS))
    DAMAGED["no-table"] = Damage(HYBRID, "model.safetensors", none, f"no tensor is `{WORDS}`")
    shard = "model-00001-of-00002.safetensors"
    DAMAGED["shard-truncated"] = Damage(SHARDS, shard, lambda content: content[:-3], f"{shard}: damaged")
    extra = tensors(lambda s: s.update(more=np.zeros(1, np.float32)))
    DAMAGED["shard-with-more"] = Damage(SHARDS, shard, extra, f"{shard}: holds, against the index, tensor `more`")


def _leaves() -> None:
    """Wrong arrays in Flax's msgpack."""
    changes: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
        "nan": (lambda t: t["visual_projection"].update(kernel=np.full((8, 6), np.nan, "f4")), "projection.weight` holds NaN"),
        "missing": (lambda t: t.pop("visual_projection"), "no tensor is `visual_projection.weight`"),
        "extra": (lambda t: t.update(head={"bias": np.zeros(2, np.float32)}), "`head.bias` belongs to no part"),
        "shape": (lambda t: t["text_projection"].update(kernel=np.zeros((2, 3), np.float32)), "`text_projection.weight` has shape"),
        "number": (lambda t: t.update(step=3), r"leaf `step` is no array \(int\)"),
        "three-axes": (lambda t: t["text_projection"].update(kernel=np.zeros((2, 3, 4), np.float32)), "is neither linear nor"),
    }
    for name, (change, message) in changes.items():
        DAMAGED[f"flax-{name}"] = Damage(FLAX, "flax_model.msgpack", leaves(change), message)


def _files() -> None:
    """Files cut off, exchanged, spoilt in their structure, or hostile; of every format."""
    weights = {HYBRID: "model.safetensors", FLAX: "flax_model.msgpack", **BINS, SIGLIP: "model.safetensors"}
    for system, file in weights.items():
        for part in (0, 1, 5, 9):
            DAMAGED[f"{system}-cut-{part}"] = Damage(system, file, cut(part), rf"{file}: .*; (download|use) ")
        DAMAGED[f"{system}-noise"] = Damage(system, file, put(np.random.default_rng(1).bytes(500)), rf"{file}: .*; download")
        DAMAGED[f"{system}-pointer"] = Damage(system, file, put(b"version https://git-lfs.github.com/spec/v1\n"), "Git LFS")
    for file, system in (("x.safetensors", HYBRID), ("x.msgpack", FLAX)):
        for name, (content, _) in SPOILT[file].items():
            DAMAGED[f"{system}-{name}"] = Damage(system, weights[system], put(content), rf"{weights[system]}: .*; ")
    for name, program in HOSTILE_PICKLES.items():
        system = list(BINS)[len(DAMAGED) % len(BINS)]
        DAMAGED[f"{system}-pickle-{name}"] = Damage(system, BINS[system], put(made.archive(program)), "its pickle .*; ")
        DAMAGED[f"{system}-bare-{name}"] = Damage(system, BINS[system], put(program), "not a zip.*; |before 1.6.*; ")
    for name, (content, _) in SPOILT["x.bin"].items():
        if not name.startswith(("pickle-", "bare-")):
            DAMAGED[f"torch-{name}"] = Damage(TORCH, BINS[TORCH], put(content), "pytorch_model.bin: .*; ")
    DAMAGED["legacy"] = Damage(TORCH, BINS[TORCH], put(made.LEGACY), "is a pickle of torch before 1.6.*; use the repo")
    DAMAGED["plain-pickle"] = Damage(TORCH, BINS[TORCH], put(pickle.dumps({"a": 1})), "not a zip")


def _settings() -> None:
    """Settings that lie."""
    huge, text, vision, config = 1 << 40, "text_config", "vision_config", "config.json"
    index = "model.safetensors.index.json"
    lies: dict[str, tuple[str, str, Callable[[bytes], bytes], str]] = {
        "no-json": (HYBRID, config, put(b"{"), "not valid JSON .*; download"),
        "not-utf8": (HYBRID, config, put(b'{"\xff": 1}'), "not valid JSON"),
        "deep": (HYBRID, config, put(b"[" * 100_000), "not valid JSON"),
        "list": (HYBRID, config, put(b"[]"), "a JSON object was expected"),
        "number": (OPENAI, config, put(b"7"), "a JSON object was expected"),
        "no-type": (HYBRID, config, without("model_type"), "models of type `None` are not known; known are"),
        "type-of-list": (HYBRID, config, entry("model_type", value=["clip"]), "are not known"),
        "other-type": (HYBRID, config, entry("model_type", value="gpt2"), "models of type `gpt2` are not known"),
        "no-half": (HYBRID, config, without(vision), "no key `vision_config`; the file is of another kind"),
        "no-projection": (HYBRID, config, without("projection_dim"), "no key `projection_dim`"),
        "half-is-text": (HYBRID, config, entry(text, value="bert"), "not a configuration that transformers knows"),
        "half-is-null": (HYBRID, config, entry(text, value=None), "not a configuration that transformers knows"),
        "half-is-unknown": (HYBRID, config, entry(text, "model_type", value="rm -rf"), "not a configuration that"),
        "projection-huge": (HYBRID, config, entry("projection_dim", value=huge), "key `projection`: Input should be less"),
        "projection-negative": (HYBRID, config, entry("projection_dim", value=-6), "key `projection`: Input should be greater"),
        "projection-text": (HYBRID, config, entry("projection_dim", value="6"), "key `projection`: Input should be a valid"),
        "projection-other": (HYBRID, config, entry("projection_dim", value=7), r"projection.* has shape .* the model needs"),
        "heads-odd": (HYBRID, config, entry(text, "num_attention_heads", value=3), r"(`heads` \(3\) must divide `width` \(8\)|3)"),
        "heads-zero": (HYBRID, config, entry(vision, "num_attention_heads", value=0), "heads|make no sense|transformers knows"),
        "depth-huge": (HYBRID, config, entry(text, "num_hidden_layers", value=huge), "key `depth`: Input should be less"),
        "depth-many": (HYBRID, config, entry(text, "num_hidden_layers", value=200), "no tensor is `text_model.encoder.layer.10."),
        "depth-less": (HYBRID, config, entry(vision, "num_hidden_layers", value=1), "belongs to no part of the model"),
        "depth-zero": (HYBRID, config, entry(vision, "num_hidden_layers", value=0), "key `depth`: Input should be greater"),
        "width-huge": (HYBRID, config, entry(vision, "hidden_size", value=huge), "key `width`: Input should be less"),
        "width-other": (HYBRID, config, entry(vision, "hidden_size", value=16), "has shape .* the model needs"),
        "width-text": (OPENAI, config, entry(vision, "hidden_size", value="8"), "not a configuration|valid integer"),
        "width-list": (OPENAI, config, entry(vision, "hidden_size", value=[8]), "not a configuration|valid integer"),
        "width-fraction": (OPENAI, config, entry(text, "hidden_size", value=8.5), "not a configuration|valid integer"),
        "width-infinite": (OPENAI, config, entry(text, "hidden_size", value=float("inf")), "not a configuration|valid integer"),
        "words-huge": (OPENAI, config, entry(text, "vocab_size", value=1 << 23), r"has shape .* the model needs \(8388608, 8\)"),
        "picture-huge": (OPENAI, config, entry(vision, "image_size", value=1 << 20), "are more than"),
        "picture-small": (OPENAI, config, entry(vision, "image_size", value=4), "no patch of 8 pixels fits"),
        "patch-zero": (OPENAI, config, entry(vision, "patch_size", value=0), "key `patch`|not a configuration"),
        "activation": (OPENAI, config, entry(vision, "hidden_act", value="sine"), "activation `sine` is not known; known"),
        "activation-list": (OPENAI, config, entry(vision, "hidden_act", value=[1]), "is not known|not a configuration"),
        "siglip-positions": (SIGLIP, config, entry(text, "max_position_embeddings", value=huge), "key `max_length`"),
        "open-clip-empty": (PLAIN, "open_clip_config.json", put(b"{}"), "no key `model_cfg`"),
        "open-clip-list": (PLAIN, "open_clip_config.json", entry("model_cfg", value=[]), "make no sense|no key"),
        "open-clip-width": (PLAIN, "open_clip_config.json", entry("model_cfg", "vision_cfg", "width", value="8"), "make no sense"),
        "open-clip-layers": (PLAIN, "open_clip_config.json", entry("model_cfg", "vision_cfg", "layers", value=None), "key `depth`"),
        "open-clip-ratio": (
            PLAIN,
            "open_clip_config.json",
            entry("model_cfg", "vision_cfg", "mlp_ratio", value=1e300),
            "key `mlp_dim`",
        ),
        "open-clip-head": (
            PLAIN,
            "open_clip_config.json",
            entry("model_cfg", "vision_cfg", "head_width", value=0),
            "make no sense",
        ),
        "open-clip-pooler": (
            OPEN_CLIP,
            "open_clip_config.json",
            entry("model_cfg", "text_cfg", "hf_pooler_type", value="max"),
            "`max`; known are",
        ),
        "open-clip-tower": (
            OPEN_CLIP,
            "open_clip_config.json",
            entry("model_cfg", "text_cfg", "hf_model_name", value="a/b"),
            "`a/b` is not known",
        ),
        "m-clip-base": (M_CLIP, config, without("modelBase"), "no key `modelBase`"),
        "m-clip-other-base": (M_CLIP, config, entry("modelBase", value="../../etc"), "is not known"),
        "m-clip-base-number": (M_CLIP, config, entry("modelBase", value=7), "make no sense|is not known"),
        "m-clip-width": (M_CLIP, config, entry("numDims", value=7), "texts have 7 dimensions, the images .* 6; the two do not"),
        "modules-object": (MULTILINGUAL, "modules.json", put(b"{}"), "a JSON list was expected"),
        "modules-empty": (MULTILINGUAL, "modules.json", put(b"[]"), "no module is a Transformer"),
        "modules-numbers": (MULTILINGUAL, "modules.json", put(b"[1]"), "not a list of modules"),
        "modules-outside": (
            MULTILINGUAL,
            "modules.json",
            settings(lambda m: m[2].update(path="../../etc")),
            "is no folder beside the file",
        ),
        "dense-tanh": (MULTILINGUAL, "2_Dense/config.json", entry("activation_function", value="Tanh"), "is not Identity"),
        "dense-other": (MULTILINGUAL, "2_Dense/config.json", entry("out_features", value=7), "texts have 7 dimensions"),
        "pooling-cls": (MULTILINGUAL, "1_Pooling/config.json", put(b'{"pooling_mode_cls_token": true}'), "pooling other than"),
        "index-outside": (SHARDS, index, put(b'{"weight_map": {"a": "../x.safetensors"}}'), "not a safetensors"),
        "index-empty": (SHARDS, index, put(b"{}"), "has no `weight_map`"),
    }
    for name, damage in lies.items():
        DAMAGED[f"lie-{name}"] = Damage(*damage)


def missing_files() -> dict[str, tuple[str, str]]:
    """A system, and a file of it that is taken away."""
    names = {HYBRID: ["config.json", "model.safetensors"], SHARDS: ["model-00002-of-00002.safetensors"]}
    names |= {MULTILINGUAL: ["2_Dense/config.json", "2_Dense/pytorch_model.bin", "1_Pooling/config.json"]}
    names |= {M_CLIP: ["base/config.json"]}
    return {f"{system}-{name}": (system, name) for system, files in names.items() for name in files}


def spoil(damage: Damage, folder: pathlib.Path) -> None:
    path = folder / damage.file
    path.write_bytes(damage.spoil(path.read_bytes()))


for _fill in (_arrays, _leaves, _files, _settings):
    _fill()
