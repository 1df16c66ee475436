"""Folders of other libraries, as they lie on the hub, read into this project's towers."""
import pathlib
from typing import Any, NamedTuple

import jax

from clip_italian import files
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder, formats, hf_config, importer, tensor_files, weights
from clip_italian.models.bert import BertSettings, Pooling
from clip_italian.models.dual_encoder import DualEncoderSettings, Head, Params
from clip_italian.models.formats import Format
from clip_italian.models.importer import Source
from clip_italian.use import processors

CONFIG, OPEN_CLIP, MODULES = "config.json", "open_clip_config.json", "modules.json"
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
    """Which library's folder it is: `ours`, a key of LAYOUTS or TEXT_HALVES, or else the `model_type` of its config.json."""
    if (folder / MODULES).exists():
        first = str(files.read_json(folder / MODULES)[0]["type"])
        return "sentence_transformers_clip" if first.endswith("CLIPModel") else "sentence_transformers"
    if (folder / OPEN_CLIP).exists():
        return "open_clip"
    config = files.read_json(folder / CONFIG)
    if {"image", "text", "projection"} <= set(config):
        return "ours"
    return str(config.get("model_type"))


def read(folder: pathlib.Path, images: pathlib.Path | None) -> tuple[DualEncoderSettings, Params]:
    """The dual encoder in a folder; `images` is the folder of the picture half, for systems that are texts alone.

    Raises InputError naming the file, and the tensor or key, that is missing, damaged or of another model.
    """
    layout = find(folder, images)
    found = importer.locate(layout.sources)
    like = jax.eval_shape(lambda: dual_encoder.initial(layout.settings, jax.random.key(0), 1.0))
    known = {} if "logit_scale" in found else {"logit_scale": dual_encoder.log_scale(SCALE_OF_2021)}
    return layout.settings, importer.assemble(found, {k: v for k, v in like.items() if k not in known}) | known


def find(folder: pathlib.Path, images: pathlib.Path | None) -> Layout:
    """The architecture of the model in a folder, and where its parameters are."""
    library = kind(folder)
    if library in LAYOUTS:
        return LAYOUTS[library](folder)
    if library not in TEXT_HALVES:
        known = ", ".join([*LAYOUTS, *TEXT_HALVES])
        raise InputError(f"{folder / CONFIG}: models of type `{library}` are not known; known are {known}")
    if images is None:
        raise InputError(f"{folder}: holds a text tower alone; give the folder of its picture half too (`images=`)")
    return _joined(TEXT_HALVES[library](folder), find(images, None))


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


def filled(content: dict[str, Any], where: str) -> Any:
    """A configuration with transformers' defaults; raises InputError when it is not one."""
    import transformers  # here: it takes a second, and none of the study's stages reads such a folder

    try:
        return transformers.AutoConfig.for_model(**content)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{where}: not a configuration that transformers knows ({error})") from None


def _sources(path: pathlib.Path, form: Format, parts: tuple[str, ...] = weights.PARTS) -> list[Source]:
    return [Source(tensor_files.open_tensors(path), form, parts)]


def _rows(sources: list[Source]) -> int:
    """How many words the table of a BERT has."""
    found = importer.locate(sources)
    if WORD_TABLE not in found:
        raise InputError(f"{sources[0].tensors.where}: no tensor is `{WORD_TABLE}`; the file is of another model or damaged")
    return found[WORD_TABLE].tensors.shapes[found[WORD_TABLE].origin.name][0]


def _hybrid(folder: pathlib.Path) -> Layout:
    """A VisionTextDualEncoder of transformers, or the FlaxHybridCLIP that CLIP-Italian was trained as."""
    where, content = str(folder / CONFIG), files.read_json(folder / CONFIG)
    vision, text = (filled(_entry(content, f"{name}_config", where), where) for name in ("vision", "text"))
    sources = _sources(folder, formats.HUGGING_FACE)
    tower = hf_config.bert(text, "pooler", _rows(sources), where)
    image = hf_config.vision(getattr(vision, "vision_config", vision), where)  # it may be given as a whole CLIP
    image = processors.hugging_face(folder, image)
    return Layout(DualEncoderSettings(image=image, text=tower, projection=_entry(content, "projection_dim", where)), sources)


def _clip(folder: pathlib.Path) -> Layout:
    where = str(folder / CONFIG)
    config = filled(files.read_json(folder / CONFIG), where)
    image = processors.hugging_face(folder, hf_config.vision(config.vision_config, where))
    text = hf_config.clip_text(config.text_config, where)
    return Layout(
        DualEncoderSettings(image=image, text=text, projection=config.projection_dim), _sources(folder, formats.HUGGING_FACE)
    )


def _siglip(folder: pathlib.Path) -> Layout:
    where = str(folder / CONFIG)
    config = filled(files.read_json(folder / CONFIG), where)
    settings = DualEncoderSettings(
        image=processors.hugging_face(folder, hf_config.vision(config.vision_config, where)),
        text=hf_config.clip_text(config.text_config, where),
        projection=config.text_config.projection_size, image_head="none", text_head="affine", logit_bias=True,
    )  # fmt: skip
    return Layout(settings, _sources(folder, formats.HUGGING_FACE))


def _open_clip(folder: pathlib.Path) -> Layout:
    where = str(folder / OPEN_CLIP)
    content = files.read_json(folder / OPEN_CLIP)
    model = _entry(content, "model_cfg", where)
    image = processors.open_clip(content.get("preprocess_cfg") or {}, hf_config.open_clip_vision(model), where)
    config = _entry(model, "text_cfg", where)
    sources = _sources(folder, formats.OPEN_CLIP)
    if "hf_model_name" not in config:
        text = hf_config.open_clip_text(model)
        return Layout(DualEncoderSettings(image=image, text=text, projection=model["embed_dim"]), sources)
    pooling = _named(POOLERS, config.get("hf_pooler_type", config.get("pooler_type", "mean_pooler")), "hf_pooler_type", where)
    head = _named(HEADS, config.get("hf_proj_type", config.get("proj", "mlp")), "hf_proj_type", where)
    hugging_face = filled(hf_config.of_hub_name(config["hf_model_name"], where), where)
    tower = hf_config.bert(hugging_face, pooling, _rows(sources), where)
    return Layout(DualEncoderSettings(image=image, text=tower, projection=model["embed_dim"], text_head=head), sources)


def _sentence_transformers(folder: pathlib.Path) -> TextHalf:
    """A transformer, pooling and a linear map, each in its folder (Reimers & Gurevych 2020)."""
    transformer, pooling, dense = (module_folder(folder, kind) for kind in ("Transformer", "Pooling", "Dense"))
    where = str(transformer / CONFIG)
    config = filled(files.read_json(transformer / CONFIG), where)
    map_config, dense_where = files.read_json(dense / CONFIG), str(dense / CONFIG)
    if not str(_entry(map_config, "activation_function", dense_where)).endswith("Identity"):
        raise InputError(f"{dense_where}: `activation_function` is not Identity; such a map is not known")
    if not _is_mean(files.read_json(pooling / CONFIG)):
        raise InputError(f"{pooling / CONFIG}: pooling other than the mean of all tokens is not known")
    form = formats.DISTILBERT if config.model_type == "distilbert" else formats.BERT_WITHOUT_POOLER
    sources = _sources(transformer, form, TEXT_PARTS) + _sources(dense, formats.SENTENCE_TRANSFORMERS_DENSE, TEXT_PARTS)
    head: Head = "affine" if _entry(map_config, "bias", dense_where) else "linear"
    tower = hf_config.bert(config, "mean", _rows(sources), where)
    return TextHalf(tower, head, _entry(map_config, "out_features", dense_where), sources)


def module_folder(folder: pathlib.Path, kind: str) -> pathlib.Path:
    """Where a module of that kind lies; only the last part of its type has stayed the same over the library's versions."""
    for module in files.read_json(folder / MODULES):
        if str(module.get("type")).rpartition(".")[2] == kind:
            return folder / str(module["path"])
    raise InputError(f"{folder / MODULES}: no module is a {kind}; such models are not known")


def _is_mean(pooling: dict[str, Any]) -> bool:
    """Whether pooling is the mean over the tokens, in the library's old or new dialect."""
    old = sorted(key for key, value in pooling.items() if key.startswith("pooling_mode_") and value)
    return pooling.get("pooling_mode") == "mean" or old == ["pooling_mode_mean_tokens"]


def _m_clip(folder: pathlib.Path) -> TextHalf:
    """XLM-RoBERTa with an affine map (Carlsson et al. 2022)."""
    where, content = str(folder / CONFIG), files.read_json(folder / CONFIG)
    sources = _sources(folder, formats.M_CLIP, TEXT_PARTS)
    config = filled(hf_config.of_hub_name(_entry(content, "modelBase", where), where), where)
    return TextHalf(
        hf_config.bert(config, "mean", _rows(sources), where), "affine", _entry(content, "numDims", where), sources
    )


def _entry(content: dict[str, Any], key: str, where: str) -> Any:
    if key not in content:
        raise InputError(f"{where}: no key `{key}`; the file is of another kind of model or damaged")
    return content[key]


def _named(known: dict[str, Any], name: Any, key: str, where: str) -> Any:
    if name not in known:
        raise InputError(f"{where}: `{key}` is `{name}`; known are {', '.join(map(str, known))}")
    return known[name]


POOLERS: dict[str, Pooling] = {"mean_pooler": "mean", "cls_pooler": "pooler"}  # open_clip's names
HEADS: dict[str, Head] = {"mlp": "mlp", "linear": "linear"}
LAYOUTS = {
    "vision-text-dual-encoder": _hybrid,
    "hybrid-clip": _hybrid,
    "clip": _clip,
    "sentence_transformers_clip": lambda folder: _clip(module_folder(folder, "CLIPModel")),
    "siglip": _siglip,
    "siglip2": _siglip,
    "open_clip": _open_clip,
}
TEXT_HALVES = {"sentence_transformers": _sentence_transformers, "M-CLIP": _m_clip}
