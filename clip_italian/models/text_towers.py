"""The table of the text towers. A new tower needs one more line in it."""

import typing
from typing import Any

from clip_italian.config import Settings, parse
from clip_italian.models.bert import BertSettings
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.text_tower import TextTower

TOWERS: tuple[type[TextTower], ...] = (
    BertSettings,
    ClipTextSettings,
)
MODEL_TYPES = {name: tower for tower in TOWERS for name in tower.model_types}  # transformers' names
if typing.TYPE_CHECKING:
    AnyTextTower = TextTower
else:
    AnyTextTower = typing.Union[TOWERS]  # noqa: UP007 (of a tuple); pydantic selects by the keys


class _Alone(Settings):
    text: AnyTextTower


def parsed(content: Any, where: str) -> TextTower:
    """The settings of the tower whose keys these are; raises InputError, beginning with `where`, if no tower has them."""
    return parse(_Alone, {"text": content}, where).text
