"""A VisionTextDualEncoder of transformers: the format in which CLIP-Italian was published."""
import pathlib

from clip_italian import files
from clip_italian.models import weights
from clip_italian.models.assembly import Model
from clip_italian.models.bert import BertSettings
from clip_italian.use.export import parts

PROCESSOR = "VisionTextDualEncoderProcessor"


def write(folder: pathlib.Path, model: Model) -> None:
    """Writes a folder that versions 4 and 5 of transformers load with no tensor missing."""
    settings = model.settings
    assert isinstance(settings.text, BertSettings)  # `holding` has said so
    config = {
        "model_type": "vision-text-dual-encoder", "architectures": ["VisionTextDualEncoderModel"],
        "projection_dim": settings.projection, "vision_config": parts.vision_config(settings.image),
        "text_config": parts.bert_config(settings.text),
    }  # fmt: skip
    files.write_json(folder / weights.SETTINGS, config)
    # Version 5 writes `vision_model.` once and reads both; version 4 would leave such tensors random and only warn.
    state = {
        f"vision_model.{name}" if name.startswith("vision_model.") else name: value
        for name, value in weights.to_state(model.params).items()
    }
    parts.write_weights(folder / weights.WEIGHTS, state)
    parts.write_tokenizer(folder, model, processor_class=PROCESSOR)
    parts.write_picture_processor(folder, settings.image, processor_class=PROCESSOR)
    files.write_json(folder / "processor_config.json", {"processor_class": PROCESSOR})
