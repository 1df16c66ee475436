"""Architectures from the `config.json` of Hugging Face and the `open_clip_config.json` of open_clip.

Hugging Face's files state little more than what differs from transformers' defaults. They are therefore read by its configuration
classes; none of its models is used.
"""

import json
import pathlib
import types
from typing import Any

from clip_italian import files
from clip_italian.checkpoints.tensors import damaged, one_line, shown
from clip_italian.config import parse
from clip_italian.data.images.resizing import Fit
from clip_italian.errors import InputError
from clip_italian.models.layers import CLIP_EPSILON, activation_named
from clip_italian.models.vit import ViTSettings

# Text towers that configurations only name (xlm-roberta-{base,large} of Conneau et al. 2020, table 8 and hub).
_XLM_ROBERTA = {
    "model_type": "xlm-roberta",
    "vocab_size": 250002,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
NAMED = {
    "xlm-roberta-base": _XLM_ROBERTA,
    "xlm-roberta-large": _XLM_ROBERTA
    | {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
}
HALF = (0.5, 0.5, 0.5)  # SigLIP's mean and std of pixels
SQUASH = Fit(kind="squash")  # how transformers prepares images for SigLIP
OPEN_CLIP_HEAD = 64  # width of an attention head where a configuration does not say (open_clip, CLIPVisionCfg)
OPEN_CLIP_WIDTH, OPEN_CLIP_VOCABULARY, OPEN_CLIP_LENGTH, OPEN_CLIP_TEXT_HEADS = 512, 49408, 77, 8  # CLIPTextCfg


def vision(config: Any, where: str) -> ViTSettings:
    """The image tower of transformers' configuration of CLIP's or SigLIP's vision model."""
    siglip = config.model_type == "siglip_vision_model"
    values = {
        "image_size": config.image_size,
        "stem": (),
        "patch": config.patch_size,
        "width": config.hidden_size,
        "depth": config.num_hidden_layers,
        "heads": config.num_attention_heads,
        "mlp_dim": config.intermediate_size,
        "pooling": "attention" if siglip else "class",
        "activation": activation_named(config.hidden_act, where),
        "epsilon": config.layer_norm_eps,
    }
    tower = parse(ViTSettings, values, where)
    return tower.model_copy(update={"mean": HALF, "std": HALF, "fit": SQUASH}) if siglip else tower


def open_clip_vision(model: dict[str, Any], where: str) -> ViTSettings:
    """The image tower of `model_cfg.vision_cfg`."""
    config = model["vision_cfg"]
    width = config["width"]
    config_of_transformers = types.SimpleNamespace(
        model_type="clip_vision_model",
        image_size=config["image_size"],
        patch_size=config["patch_size"],
        hidden_size=width,
        num_hidden_layers=config["layers"],
        num_attention_heads=width // config.get("head_width", OPEN_CLIP_HEAD),
        intermediate_size=int(width * config.get("mlp_ratio", 4.0)),
        hidden_act="quick_gelu" if model.get("quick_gelu") else "gelu",
        layer_norm_eps=CLIP_EPSILON,
    )
    return vision(config_of_transformers, where)


def open_clip_text(model: dict[str, Any]) -> Any:
    """transformers' configuration of the text tower of a `model_cfg.text_cfg` that names no Hugging Face model."""
    config = model["text_cfg"]
    width = config.get("width", OPEN_CLIP_WIDTH)
    return types.SimpleNamespace(
        model_type="clip_text_model",
        vocab_size=config.get("vocab_size", OPEN_CLIP_VOCABULARY),
        max_position_embeddings=config.get("context_length", OPEN_CLIP_LENGTH),
        hidden_size=width,
        num_hidden_layers=config.get("layers", 12),
        num_attention_heads=config.get("heads", OPEN_CLIP_TEXT_HEADS),
        intermediate_size=int(width * config.get("mlp_ratio", 4.0)),
        hidden_act="quick_gelu" if model.get("quick_gelu") else "gelu",
        layer_norm_eps=CLIP_EPSILON,
    )


def of_hub_name(name: str, where: str) -> dict[str, Any]:
    """The configuration of a text tower, given by its name on the hub or by a folder; `where` begins the error message."""
    bare = name.removeprefix("FacebookAI/")
    if bare in NAMED:
        return NAMED[bare]
    path = pathlib.Path(name) / "config.json"
    if not path.exists():
        raise InputError(f"{where}: the text tower `{name}` is not known; known are {', '.join(NAMED)}, or a local folder")
    return files.read_json(path)


# The settings files of other libraries' model folders, read without trusting them.
CONFIG, OPEN_CLIP, MODULES = "config.json", "open_clip_config.json", "modules.json"


def read_json(path: pathlib.Path, kind: type = dict) -> Any:
    """The JSON object or list, by `kind`, in a file; raises InputError if the file is missing, damaged or of another kind."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: missing; the folder holds no known model, or only a part of one") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions and the disk") from None
    except (ValueError, RecursionError) as error:
        raise damaged(str(path), f"not valid JSON ({one_line(error)})") from None
    if not isinstance(content, kind):
        raise damaged(str(path), f"a JSON {'object' if kind is dict else 'list'} was expected")
    return content


def filled(content: Any, where: str) -> Any:
    """The configuration with transformers' defaults; raises InputError if transformers does not know it."""
    import transformers  # here: it takes a second, and none of the study's stages reads such a folder

    try:
        return transformers.AutoConfig.for_model(**content)
    except Exception as error:  # the library's errors have no common base class
        raise damaged(where, f"not a configuration that transformers knows ({one_line(error)})") from None


def module_folder(folder: pathlib.Path, kind: str) -> pathlib.Path:
    """The folder of a module of that kind; raises InputError if there is none."""
    for module in modules(folder):
        if module_kind(module) == kind:
            return folder / _plain(str(module.get("path", "")), folder / MODULES)
    raise InputError(f"{folder / MODULES}: no module is a {kind}; such models are not known")


def modules(folder: pathlib.Path) -> list[dict[str, Any]]:
    """The modules of a sentence-transformers model, from its `modules.json`."""
    found: list[Any] = read_json(folder / MODULES, list)
    if not all(isinstance(module, dict) for module in found):
        raise damaged(str(folder / MODULES), "not a list of modules")
    return found


def module_kind(module: dict[str, Any]) -> str:
    """The last part of a module's type, the only one that is the same in all versions of the library."""
    return str(module.get("type")).rpartition(".")[2]


def _plain(name: str, where: pathlib.Path) -> str:
    """The name of a folder inside the model's; raises InputError for a path that could lead out of it."""
    if name not in ("", ".") and not (name.replace("_", "").isalnum() and name.isascii()):
        raise damaged(str(where), f"path {shown(name)} is no folder beside the file")
    return name


def entry(content: Any, key: str, where: str) -> Any:
    """The value of a key; raises InputError if the key is missing."""
    if not isinstance(content, dict) or key not in content:
        raise InputError(f"{where}: no key `{key}`; the file is of another kind of model or damaged")
    return content[key]


def named(known: dict[str, Any], name: Any, key: str, where: str) -> Any:
    """Returns `known[name]`; raises InputError if `name`, the value of `key`, is not known."""
    if name not in known:
        raise InputError(f"{where}: `{key}` is `{name}`; known are {', '.join(map(str, known))}")
    return known[name]
