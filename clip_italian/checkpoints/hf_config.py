"""Architectures from the `config.json` of Hugging Face and the `open_clip_config.json` of open_clip.

transformers knows what a file leaves out (CLIP's files hold little more than what differs from its defaults), so its
configuration classes read them; none of its models is used.
"""

import json
import pathlib
from typing import Any, TypeVar

from tokenizers import Tokenizer

from clip_italian import files
from clip_italian.checkpoints.tensors import damaged, one_line, shown
from clip_italian.config import Settings, parse
from clip_italian.data.images.resizing import Fit
from clip_italian.errors import InputError
from clip_italian.models.bert import BertSettings, Pooling
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.layers import CLIP_EPSILON, Activation
from clip_italian.models.vit import ViTSettings

ACTIVATIONS: dict[str, Activation] = {"quick_gelu": "quick_gelu", "gelu": "gelu", "gelu_pytorch_tanh": "gelu_tanh"}
# Text towers that configurations name and do not describe (xlm-roberta-{base,large} of Conneau et al. 2020, table 8 and hub).
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
BERTS = ("bert", "roberta", "xlm-roberta", "camembert", "distilbert")  # model types that `bert` reads
S = TypeVar("S", bound=Settings)
HALF = (0.5, 0.5, 0.5)  # SigLIP's mean and deviation of pixels
SQUASH = Fit(kind="squash")  # how transformers prepares pictures for SigLIP
OPEN_CLIP_HEAD = 64  # width of an attention head where a configuration does not say (open_clip, CLIPVisionCfg)
OPEN_CLIP_WIDTH, OPEN_CLIP_VOCABULARY, OPEN_CLIP_LENGTH, OPEN_CLIP_TEXT_HEADS = 512, 49408, 77, 8  # CLIPTextCfg


def _checked(kind: type[S], where: str, **values: Any) -> S:
    return parse(kind, values, where)


def _activation(name: str, where: str) -> Activation:
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise InputError(f"{where}: activation `{name}` is not known; known: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def vision(config: Any, where: str) -> ViTSettings:
    """The tower of a CLIP or SigLIP vision configuration."""
    siglip = config.model_type == "siglip_vision_model"
    tower = _checked(
        ViTSettings,
        where,
        image_size=config.image_size,
        stem=(),
        patch=config.patch_size,
        width=config.hidden_size,
        depth=config.num_hidden_layers,
        heads=config.num_attention_heads,
        hidden=config.intermediate_size,
        pooling="attention" if siglip else "class",
        activation=_activation(config.hidden_act, where),
        epsilon=config.layer_norm_eps,
    )
    return tower.model_copy(update={"mean": HALF, "deviation": HALF, "fit": SQUASH}) if siglip else tower


def clip_text(config: Any, where: str) -> ClipTextSettings:
    """The tower of a CLIP or SigLIP text configuration."""
    return _checked(
        ClipTextSettings,
        where,
        vocabulary=config.vocab_size,
        positions=config.max_position_embeddings,
        width=config.hidden_size,
        depth=config.num_hidden_layers,
        heads=config.num_attention_heads,
        hidden=config.intermediate_size,
        reading="fixed" if config.model_type == "siglip_text_model" else "last",
        activation=_activation(config.hidden_act, where),
        epsilon=config.layer_norm_eps,
    )


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
    return _checked(
        BertSettings, where, vocabulary=vocabulary, positions=positions, pooling=pooling, first_position=first, **sizes, **kind
    )


def open_clip_vision(model: dict[str, Any], where: str) -> ViTSettings:
    """The tower of `model_cfg.vision_cfg`."""
    config = model["vision_cfg"]
    width = config["width"]
    return _checked(
        ViTSettings,
        where,
        image_size=config["image_size"],
        stem=(),
        patch=config["patch_size"],
        width=width,
        depth=config["layers"],
        heads=width // config.get("head_width", OPEN_CLIP_HEAD),
        hidden=int(width * config.get("mlp_ratio", 4.0)),
        pooling="class",
        activation=_open_clip_activation(model),
        epsilon=CLIP_EPSILON,
    )


def open_clip_text(model: dict[str, Any], where: str) -> ClipTextSettings:
    """The tower of a `model_cfg.text_cfg` that names no Hugging Face model."""
    config = model["text_cfg"]
    width = config.get("width", OPEN_CLIP_WIDTH)
    return _checked(
        ClipTextSettings,
        where,
        vocabulary=config.get("vocab_size", OPEN_CLIP_VOCABULARY),
        positions=config.get("context_length", OPEN_CLIP_LENGTH),
        width=width,
        depth=config.get("layers", 12),
        heads=config.get("heads", OPEN_CLIP_TEXT_HEADS),
        hidden=int(width * config.get("mlp_ratio", 4.0)),
        activation=_open_clip_activation(model),
        epsilon=CLIP_EPSILON,
    )


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


# The settings files of other libraries' model folders, read without trusting them.
CONFIG, OPEN_CLIP, MODULES = "config.json", "open_clip_config.json", "modules.json"


def read_json(path: pathlib.Path, kind: type = dict) -> Any:
    """A JSON object (or a list, by `kind`); raises InputError naming the file when it is missing, damaged or of another kind."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: missing; the folder holds no model that is known, or not all of one") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions and the disk") from None
    except (ValueError, RecursionError) as error:
        raise damaged(str(path), f"not valid JSON ({one_line(error)})") from None
    if not isinstance(content, kind):
        raise damaged(str(path), f"a JSON {'object' if kind is dict else 'list'} was expected")
    return content


def filled(content: Any, where: str) -> Any:
    """A configuration with transformers' defaults; raises InputError when it is not one."""
    import transformers  # here: it takes a second, and none of the study's stages reads such a folder

    try:
        return transformers.AutoConfig.for_model(**content)
    except Exception as error:  # the library checks its settings by classes of errors that share no other
        raise damaged(where, f"not a configuration that transformers knows ({one_line(error)})") from None


def module_folder(folder: pathlib.Path, kind: str) -> pathlib.Path:
    """Where a module of that kind lies."""
    for module in modules(folder):
        if module_kind(module) == kind:
            return folder / _plain(str(module.get("path", "")), folder / MODULES)
    raise InputError(f"{folder / MODULES}: no module is a {kind}; such models are not known")


def modules(folder: pathlib.Path) -> list[dict[str, Any]]:
    """The modules of a model of sentence-transformers."""
    found: list[Any] = read_json(folder / MODULES, list)
    if not all(isinstance(module, dict) for module in found):
        raise damaged(str(folder / MODULES), "not a list of modules")
    return found


def module_kind(module: dict[str, Any]) -> str:
    """Only the last part of a module's type has stayed the same over the library's versions."""
    return str(module.get("type")).rpartition(".")[2]


def _plain(name: str, where: pathlib.Path) -> str:
    """The name of a folder, or nothing; so that no file leads out of its own folder."""
    if name not in ("", ".") and not (name.replace("_", "").isalnum() and name.isascii()):
        raise damaged(str(where), f"path {shown(name)} is no folder beside the file")
    return name


def entry(content: Any, key: str, where: str) -> Any:
    """The value of a key; raises InputError where there is none."""
    if not isinstance(content, dict) or key not in content:
        raise InputError(f"{where}: no key `{key}`; the file is of another kind of model or damaged")
    return content[key]


def named(known: dict[str, Any], name: Any, key: str, where: str) -> Any:
    """What a name that is the value of `key` stands for; raises InputError for a name that is not known."""
    if name not in known:
        raise InputError(f"{where}: `{key}` is `{name}`; known are {', '.join(map(str, known))}")
    return known[name]


def tokeniser(folder: pathlib.Path) -> Tokenizer:
    """The tokeniser of a folder, as transformers makes it from whichever files are there."""
    import transformers

    try:
        made: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
        return Tokenizer.from_str(made.backend_tokenizer.to_str())
    except Exception as error:  # tokenizers raises bare Exception
        raise damaged(str(folder), f"no tokeniser that transformers can read ({one_line(error)})") from None
