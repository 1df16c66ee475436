"""Published backbones, which a profile can import instead of training its own."""

from typing import Any

from tokenizers import Tokenizer

from clip_italian import journal
from clip_italian.checkpoints import hub, layouts, tokenisers
from clip_italian.checkpoints.model import Model, Provenance
from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.models.dual_encoder import Params
from clip_italian.models.text_tower import TextTower
from clip_italian.training import backbones
from clip_italian.training.backbones import BackboneSettings


def english_clip(settings: BackboneSettings) -> tuple[Model, Provenance]:
    """The CLIP of `imported.english_clip`; raises InputError if its architecture differs from the section `english_clip`."""
    source = settings.imported.english_clip
    folder, provenance = hub.located(source.repository, source.revision, source.sha256)
    layout = layouts.find(folder, paths=[folder / name for name in provenance.files])
    architecture = layout.settings
    stated = backbones.english_architecture(settings.english_clip, architecture.text.vocabulary)
    # How images are resized is not compared: the study resizes its images itself.
    image = architecture.image.model_copy(update={"fit": stated.image.fit})
    architecture = architecture.model_copy(update={"image": image})
    _check(stated, architecture, source.repository, "english_clip")
    return Model(architecture, layout.params(), tokenisers.plain(folder, architecture.text)), provenance


def italian_bert(settings: BackboneSettings) -> tuple[TextTower, Params, Tokenizer, Provenance]:
    """The BERT of `imported.italian_bert`; raises InputError if its architecture differs from the section `italian_bert`.

    Its `max_length` may be larger than stated.
    """
    source = settings.imported.italian_bert
    folder, provenance = hub.located(source.repository, source.revision, source.sha256)
    read = [folder / name for name in provenance.files]
    architecture, tower = layouts.read_text_tower(folder, settings.italian_bert.pooling, read)
    stated = backbones.bert_architecture(settings.italian_bert, architecture.vocabulary)
    longest = max(stated.max_length, architecture.max_length)
    _check(stated.model_copy(update={"max_length": longest}), architecture, source.repository, "italian_bert")
    return architecture, tower, tokenisers.plain(folder, architecture), provenance


def _check(stated: Settings, found: Settings, repository: str, section: str) -> None:
    """Raises InputError naming a setting that differs: the paper prints the profile's."""
    here, there = (_flat(settings) for settings in (stated, found))
    for key in sorted(here | there):
        if here.get(key) != there.get(key):
            raise InputError(
                f"{repository}: its `{key}` is {there.get(key)}, but the profile's `backbones.{section}` gives {here.get(key)}; "
                "correct the profile"
            )


def _flat(settings: Settings) -> dict[str, Any]:
    return journal.flat(settings.model_dump(mode="json"))
