"""A folder for sentence-transformers: both towers if transformers can hold them, else the text tower alone.

Modules are named as versions 2 to 5 of the library name them; version 6 takes these names too.
"""

import pathlib
from typing import Any, NamedTuple

import numpy as np

from clip_italian import files
from clip_italian.checkpoints import weights
from clip_italian.checkpoints.model import Model
from clip_italian.models.text_tower import TextTower
from clip_italian.use.export import hugging_face

TEXT_TOWER, POOLER = "text_model.", "text_model.pooler.dense."
NORMALISED = {"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"}


class Module(NamedTuple):
    """A step from tokens to the embedding: the library's class, its configuration and its tensors."""

    kind: str
    config: dict[str, Any]
    state: dict[str, np.ndarray]


def write(folder: pathlib.Path, model: Model) -> None:
    """Writes the folder; its embeddings are unit vectors. A model unlike CLIP-Italian's loses its image tower."""
    if hugging_face.unlike_clip_italian(model.settings):
        _write_text_tower(folder, model)
    else:
        hugging_face.write(folder, model)
        methods = {kind: {"method": f"get_{kind}_features", "method_output_name": "pooler_output"} for kind in ("text", "image")}
        _write_modules(folder, {"modality_config": methods, "module_output_name": "sentence_embedding"}, [])
    files.write_json(
        folder / "config_sentence_transformers.json", {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "cosine"}
    )


def _write_text_tower(folder: pathlib.Path, model: Model) -> None:
    text, state = model.settings.text, weights.to_state(model.params)
    exported = text.exported()
    more = {"architectures": ["BertModel"], "output_hidden_states": exported.pooling == "first_last"}
    files.write_json(folder / weights.SETTINGS, exported.config | more)
    tower = {
        name.removeprefix(TEXT_TOWER): value
        for name, value in state.items()
        if name.startswith(TEXT_TOWER) and not name.startswith(POOLER)
    }
    hugging_face.write_weights(folder / weights.WEIGHTS, tower)
    hugging_face.write_tokenizer(folder, model)
    last = _dense(state["text_projection.weight"], None, "torch.nn.modules.linear.Identity")
    transformer = {"max_seq_length": text.max_length, "do_lower_case": False, "model_args": {"add_pooling_layer": False}}
    _write_modules(folder, transformer, [*_pooling(text, state), last])


def _pooling(text: TextTower, state: dict[str, np.ndarray]) -> list[Module]:
    """The modules between the transformer and the projection."""
    kind = text.exported().pooling
    mode = "pooling_mode_cls_token" if kind == "pooler" else "pooling_mode_mean_tokens"
    pooling = Module("Pooling", {"word_embedding_dimension": text.width, mode: True}, {})
    if kind == "pooler":
        dense = _dense(state[POOLER + "weight"], state[POOLER + "bias"], "torch.nn.modules.activation.Tanh")
        return [pooling, dense]
    if kind == "mean":
        return [pooling]
    # Layer 0 is the embedded tokens. The first and the last layer have equal weights, all others 0.
    config = {"word_embedding_dimension": text.width, "layer_start": 0, "num_hidden_layers": text.depth}
    share = np.zeros(text.depth + 1, np.float32)
    share[[0, -1]] = 1
    return [Module("WeightedLayerPooling", config, {"layer_weights": share}), pooling]


def _dense(weight: np.ndarray, bias: np.ndarray | None, activation: str) -> Module:
    sizes = {"in_features": weight.shape[1], "out_features": weight.shape[0], "bias": bias is not None}
    state = {"linear.weight": weight} | ({} if bias is None else {"linear.bias": bias})
    return Module("Dense", sizes | {"activation_function": activation}, state)


def _write_modules(folder: pathlib.Path, transformer: dict[str, Any], modules: list[Module]) -> None:
    """Writes the configurations and weights of the modules, in the order in which they run; the transformer comes first."""
    files.write_json(folder / "sentence_bert_config.json", transformer)
    entries = [("", "Transformer")]
    for number, module in enumerate([*modules, Module("Normalize", NORMALISED, {})], start=1):
        path = f"{number}_{module.kind}"
        files.write_json(folder / path / "config.json", module.config)
        if module.state:
            hugging_face.write_weights(folder / path / weights.WEIGHTS, module.state)
        entries.append((path, module.kind))
    files.write_json(
        folder / "modules.json",
        [
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for number, (path, kind) in enumerate(entries)
        ],
    )
