"""The layouts of model folders, one for each library that writes them.

`find` recognises a folder's layout once, and returns its architecture, the files of its parameters and its tokeniser.
"""

import functools
import pathlib
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from clip_italian import files
from clip_italian.checkpoints import formats, hf_config, importer, processors, tokenisers, weights
from clip_italian.checkpoints.formats import Format
from clip_italian.checkpoints.hf_config import CONFIG, MODULES, OPEN_CLIP, entry, filled, module_folder, named, read_json
from clip_italian.checkpoints.importer import Source
from clip_italian.checkpoints.tensor_files import open_tensors
from clip_italian.checkpoints.tensors import Tensors, one_line
from clip_italian.checkpoints.tokenisers import CLIP_ITALIAN_LONGEST, Tokeniser
from clip_italian.config import parse
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.dual_encoder import DualEncoderSettings, Head, Params
from clip_italian.models.text_tower import Pooling, TextTower
from clip_italian.models.text_towers import MODEL_TYPES
from clip_italian.models.vit import ViTSettings

Files = Collection[pathlib.Path]  # that weights are chosen from; empty: all of a folder
SCALE_OF_2021 = 20.0  # CLIP-Italian's factor on cosines, a constant in its code; the published weights may lack it
IMAGE_PARTS, TEXT_PARTS = ("vision_model", "visual_projection", "logit_scale"), ("text_model", "text_projection")


class Layout(NamedTuple):
    """A dual encoder's architecture, the files that hold its parameters, and a function that reads its tokeniser."""

    settings: DualEncoderSettings
    sources: list[Source]
    tokeniser: Callable[[], Tokeniser]

    def params(self) -> Params:
        """The parameters; raises InputError naming the file and a tensor that is missing or of another model."""
        defaults = {"logit_scale": dual_encoder.log_scale(SCALE_OF_2021)}
        return importer.assemble(self.sources, dual_encoder.shapes(self.settings), defaults)


class TextHalf(NamedTuple):
    """A text tower trained for the image space of another model, with its projection into that space."""

    tower: TextTower
    head: Head
    projection: int
    sources: list[Source]


class Library(NamedTuple):
    """The layout of a library: functions that read a folder's model, and the tokeniser of its text tower."""

    read: Callable[[pathlib.Path, Files], tuple[DualEncoderSettings, list[Source]] | TextHalf]
    tokeniser: Callable[[pathlib.Path, TextTower], Tokeniser]


def find(folder: pathlib.Path, images: pathlib.Path | None = None, paths: Files = ()) -> Layout:
    """The model in a folder; `images` is the folder of the image half, if the model has a text tower alone.

    Raises InputError naming the file, tensor or key that is missing, damaged or of another model.
    """
    library = recognised(folder)
    try:
        read = library.read(folder, paths)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:  # a list as a width, and the like
        raise InputError(f"{folder}: its settings make no sense ({one_line(error)}); download its JSON files again") from None
    if not isinstance(read, TextHalf):
        settings, sources = read
    elif images is None:
        raise InputError(f"{folder}: holds a text tower alone; give the folder of its image half too (`images=`)")
    else:
        settings, sources = _joined(read, find(images, None, paths))
    return Layout(settings, sources, functools.partial(library.tokeniser, folder, settings.text))


def recognised(folder: pathlib.Path) -> Library:
    """The library whose layout a folder has; raises InputError if none has it."""
    config = read_json(folder / CONFIG) if (folder / CONFIG).exists() else {}
    if (folder / MODULES).exists() and config.get("model_type") != "vision-text-dual-encoder":  # a folder may be both libraries'
        return LIBRARIES["sentence-transformers"]
    if (folder / OPEN_CLIP).exists():
        return LIBRARIES["open_clip"]
    if {"image", "text", "projection"} <= set(config or read_json(folder / CONFIG)):
        return LIBRARIES["ours"]
    name = str(config.get("model_type"))
    if name in MODEL_TYPES:
        raise InputError(f"{folder}: a text tower that was never trained to match images; give a dual encoder instead")
    if name not in LIBRARIES:
        raise InputError(f"{folder / CONFIG}: models of type `{name}` are not known; known are {', '.join(LIBRARIES)}")
    return LIBRARIES[name]


def read_text_tower(folder: pathlib.Path, pooling: Pooling, paths: Files = ()) -> tuple[TextTower, Params]:
    """A text tower of transformers without its heads; without its pooler too, unless `pooling` is `pooler`.

    Raises InputError like `find`.
    """
    tensors = open_tensors(folder, paths)
    where = str(folder / CONFIG)
    text = filled(read_json(folder / CONFIG), where)
    tower = _text_tower(text, where, pooling, tensors)
    source = Source(tensors, formats.TEXT_TOWER, tower, TEXT_PARTS)
    return tower, importer.assemble([source], {"text_model": tower.shapes()})["text_model"]


def _text_tower(config: Any, where: str, pooling: Pooling, tensors: Tensors) -> TextTower:
    """The text tower of a configuration of transformers; `tensors` show which of its optional parts it has."""
    return named(MODEL_TYPES, config.model_type, "model_type", where).from_config(config, where, pooling, tensors.shapes)


def _whole(
    folder: pathlib.Path, paths: Files, form: Format, where: str, image: ViTSettings, text: Any, pooling: Pooling, **more: Any
) -> tuple[DualEncoderSettings, list[Source]]:
    """A dual encoder in one file, with a text tower of transformers' configuration `text`; `more` are further settings."""
    tensors = open_tensors(folder, paths)
    tower = _text_tower(text, where, pooling, tensors)
    return parse(DualEncoderSettings, dict(image=image, text=tower, **more), where), [Source(tensors, form, tower, weights.PARTS)]


def _joined(text: TextHalf, images: Layout) -> tuple[DualEncoderSettings, list[Source]]:
    """The text half joined to the image half of another model."""
    if text.projection != images.settings.projection:
        raise InputError(
            f"{text.sources[0].tensors.where}: texts have {text.projection} dimensions, the images of "
            f"{images.sources[0].tensors.where} {images.settings.projection}; the two do not belong together"
        )
    settings = images.settings.model_copy(update={"text": text.tower, "text_head": text.head})
    return settings, [*text.sources, *(source._replace(parts=IMAGE_PARTS) for source in images.sources)]


def _ours(folder: pathlib.Path, paths: Files) -> tuple[DualEncoderSettings, list[Source]]:
    """A model of this study."""
    files.check_manifest(folder)
    settings = weights.load_settings(folder, DualEncoderSettings)
    return settings, [Source(open_tensors(folder, paths), formats.NAMES_OF_OURS, settings.text, weights.PARTS)]


def _hybrid(folder: pathlib.Path, paths: Files) -> tuple[DualEncoderSettings, list[Source]]:
    """A VisionTextDualEncoder of transformers, or the FlaxHybridCLIP that CLIP-Italian was trained as."""
    where, content = str(folder / CONFIG), read_json(folder / CONFIG)
    vision, text = (filled(entry(content, f"{name}_config", where), where) for name in ("vision", "text"))
    image = hf_config.vision(getattr(vision, "vision_config", vision), where)  # it may be given as a whole CLIP
    image, projection = processors.hugging_face(folder, image), entry(content, "projection_dim", where)
    return _whole(folder, paths, formats.HUGGING_FACE, where, image, text, "pooler", projection=projection)


def _clip(folder: pathlib.Path, paths: Files) -> tuple[DualEncoderSettings, list[Source]]:
    """CLIP or SigLIP."""
    where = str(folder / CONFIG)
    config = filled(read_json(folder / CONFIG), where)
    image, text = processors.hugging_face(folder, hf_config.vision(config.vision_config, where)), config.text_config
    siglip = {"image_head": "none", "text_head": "affine", "logit_bias": True} if config.model_type == "siglip" else {}
    projection = text.projection_size if siglip else config.projection_dim
    return _whole(folder, paths, formats.HUGGING_FACE, where, image, text, "pooler", projection=projection, **siglip)


def _open_clip(folder: pathlib.Path, paths: Files) -> tuple[DualEncoderSettings, list[Source]]:
    """A model of open_clip, with its own text tower or one of transformers."""
    where = str(folder / OPEN_CLIP)
    content = read_json(folder / OPEN_CLIP)
    model = entry(content, "model_cfg", where)
    image = processors.open_clip(content.get("preprocess_cfg") or {}, hf_config.open_clip_vision(model, where), where)
    text, head = entry(model, "text_cfg", where), "linear"
    pooling: Pooling = "pooler"
    if "hf_model_name" in text:
        pooling = named(POOLERS, text.get("hf_pooler_type", text.get("pooler_type", "mean_pooler")), "hf_pooler_type", where)
        head = named(HEADS, text.get("hf_proj_type", text.get("proj", "mlp")), "hf_proj_type", where)
        config = filled(hf_config.of_hub_name(text["hf_model_name"], where), where)
    else:
        config = hf_config.open_clip_text(model)
    more = {"projection": model["embed_dim"], "text_head": head}
    return _whole(folder, paths, formats.OPEN_CLIP, where, image, config, pooling, **more)


def _sentence_transformers(folder: pathlib.Path, paths: Files) -> tuple[DualEncoderSettings, list[Source]] | TextHalf:
    """A whole CLIP in a folder of its own, or a text tower with mean pooling and a linear map (Reimers & Gurevych 2020)."""
    if any(hf_config.module_kind(module) == "CLIPModel" for module in hf_config.modules(folder)):
        return _clip(module_folder(folder, "CLIPModel"), paths)
    transformer, pooling, dense = (module_folder(folder, kind) for kind in ("Transformer", "Pooling", "Dense"))
    where, dense_where = str(transformer / CONFIG), str(dense / CONFIG)
    map_config = read_json(dense / CONFIG)
    if not str(entry(map_config, "activation_function", dense_where)).endswith("Identity"):
        raise InputError(f"{dense_where}: `activation_function` is not Identity; such a map is not known")
    if not _is_mean(read_json(pooling / CONFIG)):
        raise InputError(f"{pooling / CONFIG}: pooling other than the mean of all tokens; such models are not known")
    tensors = open_tensors(transformer, paths)
    config = filled(read_json(transformer / CONFIG), where)
    tower = _text_tower(config, where, "mean", tensors)
    dense_source = Source(open_tensors(dense, paths), formats.SENTENCE_TRANSFORMERS_DENSE, tower, TEXT_PARTS)
    sources = [Source(tensors, formats.TEXT_TOWER, tower, TEXT_PARTS), dense_source]
    head: Head = "affine" if entry(map_config, "bias", dense_where) else "linear"
    return TextHalf(tower, head, entry(map_config, "out_features", dense_where), sources)


def _is_mean(pooling: dict[str, Any]) -> bool:
    """Whether sentence-transformers' pooling settings, old or new, are the mean over the tokens."""
    old = sorted(key for key, value in pooling.items() if key.startswith("pooling_mode_") and value)
    return pooling.get("pooling_mode") == "mean" or old == ["pooling_mode_mean_tokens"]


def _m_clip(folder: pathlib.Path, paths: Files) -> TextHalf:
    """XLM-RoBERTa with an affine map (Carlsson et al. 2022)."""
    where, content = str(folder / CONFIG), read_json(folder / CONFIG)
    tensors = open_tensors(folder, paths)
    config = filled(hf_config.of_hub_name(entry(content, "modelBase", where), where), where)
    tower = _text_tower(config, where, "mean", tensors)
    source = Source(tensors, formats.M_CLIP, tower, TEXT_PARTS)
    return TextHalf(tower, "affine", entry(content, "numDims", where), [source])


POOLERS: dict[str, Pooling] = {"mean_pooler": "mean", "cls_pooler": "pooler"}  # open_clip's names
HEADS: dict[str, Head] = {"mlp": "mlp", "linear": "linear"}
LIBRARIES = {
    "ours": Library(_ours, tokenisers.ours),
    "vision-text-dual-encoder": Library(_hybrid, functools.partial(tokenisers.read, max_length=CLIP_ITALIAN_LONGEST)),
    "hybrid-clip": Library(_hybrid, functools.partial(tokenisers.read, max_length=CLIP_ITALIAN_LONGEST)),
    "clip": Library(_clip, tokenisers.read),
    "siglip": Library(_clip, tokenisers.siglip),
    "open_clip": Library(_open_clip, tokenisers.open_clip),
    "sentence-transformers": Library(_sentence_transformers, tokenisers.sentence_transformers),
    "M-CLIP": Library(_m_clip, tokenisers.m_clip),
}
