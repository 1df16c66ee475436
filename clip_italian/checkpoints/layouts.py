"""Folders of other libraries, as they lie on the hub, read into this project's towers."""

import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax

from clip_italian import files
from clip_italian.checkpoints import formats, hf_config, importer, processors, tensor_files, weights
from clip_italian.checkpoints.hf_config import (
    CONFIG,
    MODULES,
    OPEN_CLIP,
    entry,
    filled,
    module_folder,
    module_kind,
    modules,
    named,
    read_json,
)
from clip_italian.checkpoints.hub import Opener
from clip_italian.checkpoints.importer import Source
from clip_italian.checkpoints.tensors import one_line, shown
from clip_italian.config import parse
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.bert import Bert, BertSettings, Pooling
from clip_italian.models.dual_encoder import DualEncoderSettings, Head, Params

L = TypeVar("L", "Layout", "TextHalf")
SCALE_OF_2021 = 20.0  # CLIP-Italian's factor on cosines, a constant in its code; the published weights may lack it
WORD_TABLE = "text_model.embeddings.word_embeddings.weight"
IMAGE_PARTS, TEXT_PARTS = ("vision_model", "visual_projection", "logit_scale"), ("text_model", "text_projection")


class Layout(NamedTuple):
    """A dual encoder's architecture and the files that hold its parameters."""

    settings: DualEncoderSettings
    sources: list[Source]


class TextHalf(NamedTuple):
    """A text tower that was trained to match the pictures of another model, and its map into their space."""

    tower: BertSettings
    head: Head
    projection: int
    sources: list[Source]


def kind(folder: pathlib.Path) -> str:
    """Which library's folder it is: a key of LAYOUTS or TEXT_HALVES, or else the `model_type` of its config.json."""
    if (folder / MODULES).exists() and not _holds_both(folder):
        picture = any(module_kind(module) == "CLIPModel" for module in modules(folder))
        return "sentence_transformers_clip" if picture else "sentence_transformers"
    if (folder / OPEN_CLIP).exists():
        return "open_clip"
    config = read_json(folder / CONFIG)
    if {"image", "text", "projection"} <= set(config):
        return "ours"
    return str(config.get("model_type"))


def _holds_both(folder: pathlib.Path) -> bool:
    """Whether a folder of sentence-transformers is also one of transformers, with both towers."""
    return (folder / CONFIG).exists() and read_json(folder / CONFIG).get("model_type") == "vision-text-dual-encoder"


def read(
    folder: pathlib.Path, images: pathlib.Path | None, opened: Opener = tensor_files.open_tensors
) -> tuple[DualEncoderSettings, Params]:
    """The dual encoder in a folder; `images` is the folder of the picture half, for systems that are texts alone.

    Raises InputError naming the file, and the tensor or key, that is missing, damaged or of another model.
    """
    layout = find(folder, images, opened)
    found = importer.locate(layout.sources)
    like = dual_encoder.shapes(layout.settings)
    known = {} if "logit_scale" in found else {"logit_scale": dual_encoder.log_scale(SCALE_OF_2021)}
    return layout.settings, importer.assemble(found, {k: v for k, v in like.items() if k not in known}) | known


def read_bert(folder: pathlib.Path, pooling: Pooling, opened: Opener = tensor_files.open_tensors) -> tuple[BertSettings, Params]:
    """The tower of a BERT, XLM-RoBERTa or DistilBERT, its heads left behind, and with other pooling than BERT's its pooler.

    Raises InputError like `read`.
    """
    where = str(folder / CONFIG)
    config = filled(read_json(folder / CONFIG), where)
    if config.model_type not in hf_config.BERTS:
        raise InputError(f"{where}: `{config.model_type}` is no text tower that is read; read are {', '.join(hf_config.BERTS)}")
    form = formats.BERT if pooling == "pooler" else formats.BERT_WITHOUT_POOLER
    form = formats.DISTILBERT if config.model_type == "distilbert" else form
    sources = [Source(opened(folder), form, TEXT_PARTS)]
    tower = hf_config.bert(config, pooling, _rows(sources), where)
    ids = jax.numpy.zeros((1, 2), int)
    like = jax.eval_shape(lambda: Bert(tower).init(jax.random.key(0), ids, ids == 0)["params"])
    return tower, importer.assemble(importer.locate(sources), {"text_model": like})["text_model"]


def find(folder: pathlib.Path, images: pathlib.Path | None, opened: Opener) -> Layout:
    """The architecture of the model in a folder, and where its parameters are."""
    library = kind(folder)
    if library in LAYOUTS:
        return _sensibly(LAYOUTS[library], folder, opened)
    if library in hf_config.BERTS:
        raise InputError(f"{folder}: a text tower that was never trained to match pictures; CLIP-Italian starts from such a one")
    if library not in TEXT_HALVES:
        known = ", ".join([*LAYOUTS, *TEXT_HALVES])
        raise InputError(f"{folder / CONFIG}: models of type `{library}` are not known; known are {known}")
    if images is None:
        raise InputError(f"{folder}: holds a text tower alone; give the folder of its picture half too (`images=`)")
    return _joined(_sensibly(TEXT_HALVES[library], folder, opened), find(images, None, opened))


def _sensibly(layout: Callable[[pathlib.Path, Opener], L], folder: pathlib.Path, opened: Opener) -> L:
    """What a layout makes of a folder; the last net for settings of kinds that nobody thought of, such as a list as a width."""
    try:
        return layout(folder, opened)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{folder}: its settings make no sense ({one_line(error)}); download its JSON files again") from None


def _joined(text: TextHalf, pictures: Layout) -> Layout:
    """The text half beside the picture half of another model."""
    if text.projection != pictures.settings.projection:
        raise InputError(
            f"{text.sources[0].tensors.where}: texts have {text.projection} dimensions, the pictures of "
            f"{pictures.sources[0].tensors.where} {pictures.settings.projection}; the two do not belong together"
        )
    settings = pictures.settings.model_copy(update={"text": text.tower, "text_head": text.head})
    sources = [Source(source.tensors, source.form, IMAGE_PARTS) for source in pictures.sources]
    return Layout(settings, [*text.sources, *sources])


def _rows(sources: list[Source]) -> int:
    """How many words the table of a BERT has."""
    found = importer.locate(sources)
    if WORD_TABLE not in found:
        raise InputError(f"{sources[0].tensors.where}: no tensor is `{WORD_TABLE}`; the file is of another model or damaged")
    tensors, origin = found[WORD_TABLE]
    if not (shape := tensors.shapes[origin.name]):
        raise InputError(f"{tensors.where}: tensor {shown(origin.name)} is a single number; the file is of another model")
    return shape[0]


def _ours(folder: pathlib.Path, opened: Opener) -> Layout:
    """A model of this study."""
    files.check_manifest(folder)
    settings = weights.load_settings(folder, DualEncoderSettings)
    return Layout(settings, [Source(opened(folder), formats.NAMES_OF_OURS, weights.PARTS)])


def _hybrid(folder: pathlib.Path, opened: Opener) -> Layout:
    """A VisionTextDualEncoder of transformers, or the FlaxHybridCLIP that CLIP-Italian was trained as."""
    where, content = str(folder / CONFIG), read_json(folder / CONFIG)
    vision, text = (filled(entry(content, f"{name}_config", where), where) for name in ("vision", "text"))
    sources = [Source(opened(folder), formats.HUGGING_FACE, weights.PARTS)]
    tower = hf_config.bert(text, "pooler", _rows(sources), where)
    image = hf_config.vision(getattr(vision, "vision_config", vision), where)  # it may be given as a whole CLIP
    image = processors.hugging_face(folder, image)
    return Layout(_dual(where, image=image, text=tower, projection=entry(content, "projection_dim", where)), sources)


def _clip(folder: pathlib.Path, opened: Opener) -> Layout:
    where = str(folder / CONFIG)
    config = filled(read_json(folder / CONFIG), where)
    image = processors.hugging_face(folder, hf_config.vision(config.vision_config, where))
    text = hf_config.clip_text(config.text_config, where)
    sources = [Source(opened(folder), formats.HUGGING_FACE, weights.PARTS)]
    return Layout(_dual(where, image=image, text=text, projection=config.projection_dim), sources)


def _siglip(folder: pathlib.Path, opened: Opener) -> Layout:
    where = str(folder / CONFIG)
    config = filled(read_json(folder / CONFIG), where)
    image = processors.hugging_face(folder, hf_config.vision(config.vision_config, where))
    settings = _dual(
        where,
        image=image,
        text=hf_config.clip_text(config.text_config, where),
        projection=config.text_config.projection_size,
        image_head="none",
        text_head="affine",
        logit_bias=True,
    )
    return Layout(settings, [Source(opened(folder), formats.HUGGING_FACE, weights.PARTS)])


def _open_clip(folder: pathlib.Path, opened: Opener) -> Layout:
    where = str(folder / OPEN_CLIP)
    content = read_json(folder / OPEN_CLIP)
    model = entry(content, "model_cfg", where)
    image = processors.open_clip(content.get("preprocess_cfg") or {}, hf_config.open_clip_vision(model, where), where)
    config = entry(model, "text_cfg", where)
    if "hf_model_name" not in config:
        text = hf_config.open_clip_text(model, where)
        sources = [Source(opened(folder), formats.OPEN_CLIP, weights.PARTS)]
        return Layout(_dual(where, image=image, text=text, projection=model["embed_dim"]), sources)
    pooling = named(POOLERS, config.get("hf_pooler_type", config.get("pooler_type", "mean_pooler")), "hf_pooler_type", where)
    head = named(HEADS, config.get("hf_proj_type", config.get("proj", "mlp")), "hf_proj_type", where)
    form = formats.OPEN_CLIP if pooling == "pooler" else formats.OPEN_CLIP_WITHOUT_POOLER
    sources = [Source(opened(folder), form, weights.PARTS)]
    hugging_face = filled(hf_config.of_hub_name(config["hf_model_name"], where), where)
    tower = hf_config.bert(hugging_face, pooling, _rows(sources), where)
    return Layout(_dual(where, image=image, text=tower, projection=model["embed_dim"], text_head=head), sources)


def _sentence_transformers(folder: pathlib.Path, opened: Opener) -> TextHalf:
    """A transformer, pooling and a linear map, each in its folder (Reimers & Gurevych 2020)."""
    transformer, pooling, dense = (module_folder(folder, kind) for kind in ("Transformer", "Pooling", "Dense"))
    where = str(transformer / CONFIG)
    config = filled(read_json(transformer / CONFIG), where)
    map_config, dense_where = read_json(dense / CONFIG), str(dense / CONFIG)
    if not str(entry(map_config, "activation_function", dense_where)).endswith("Identity"):
        raise InputError(f"{dense_where}: `activation_function` is not Identity; such a map is not known")
    if not _is_mean(read_json(pooling / CONFIG)):
        raise InputError(f"{pooling / CONFIG}: pooling other than the mean of all tokens; such models are not known")
    form = formats.DISTILBERT if config.model_type == "distilbert" else formats.BERT_WITHOUT_POOLER
    dense_source = Source(opened(dense), formats.SENTENCE_TRANSFORMERS_DENSE, TEXT_PARTS)
    sources = [Source(opened(transformer), form, TEXT_PARTS), dense_source]
    head: Head = "affine" if entry(map_config, "bias", dense_where) else "linear"
    tower = hf_config.bert(config, "mean", _rows(sources), where)
    return TextHalf(tower, head, entry(map_config, "out_features", dense_where), sources)


def _is_mean(pooling: dict[str, Any]) -> bool:
    """Whether pooling is the mean over the tokens, in the library's old or new dialect."""
    old = sorted(key for key, value in pooling.items() if key.startswith("pooling_mode_") and value)
    return pooling.get("pooling_mode") == "mean" or old == ["pooling_mode_mean_tokens"]


def _m_clip(folder: pathlib.Path, opened: Opener) -> TextHalf:
    """XLM-RoBERTa with an affine map (Carlsson et al. 2022)."""
    where, content = str(folder / CONFIG), read_json(folder / CONFIG)
    sources = [Source(opened(folder), formats.M_CLIP, TEXT_PARTS)]
    config = filled(hf_config.of_hub_name(entry(content, "modelBase", where), where), where)
    return TextHalf(hf_config.bert(config, "mean", _rows(sources), where), "affine", entry(content, "numDims", where), sources)


def _dual(where: str, **parts: Any) -> DualEncoderSettings:
    return parse(DualEncoderSettings, parts, where)


POOLERS: dict[str, Pooling] = {"mean_pooler": "mean", "cls_pooler": "pooler"}  # open_clip's names
HEADS: dict[str, Head] = {"mlp": "mlp", "linear": "linear"}
LAYOUTS = {
    "ours": _ours,
    "vision-text-dual-encoder": _hybrid,
    "hybrid-clip": _hybrid,
    "clip": _clip,
    "sentence_transformers_clip": lambda folder, opened: _clip(module_folder(folder, "CLIPModel"), opened),
    "siglip": _siglip,
    "siglip2": _siglip,
    "open_clip": _open_clip,
}
TEXT_HALVES = {"sentence_transformers": _sentence_transformers, "M-CLIP": _m_clip}
