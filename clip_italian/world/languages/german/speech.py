"""German as the world asks for it."""

import numpy as np

from clip_italian.world.languages.german import wording
from clip_italian.world.languages.german.grammar import join
from clip_italian.world.languages.german.labels import WRONG_SENSES, label
from clip_italian.world.languages.german.names import NAMES
from clip_italian.world.languages.german.plain import plain, right_of, things
from clip_italian.world.languages.german.sentences import sentence
from clip_italian.world.languages.german.tagging import pos_tags
from clip_italian.world.languages.language import Language, Pages
from clip_italian.world.scenes.statements import Statement

TONES = {"alt": wording.alt, "encyclopaedic": wording.encyclopaedic, "photo": wording.photo, "news": wording.news}

# Frames that take the label as it is, in the nominative: "ein Foto von {}" would ask for the dative.
TEMPLATES = ("{}", "auf dem Foto ist {}", "auf dem Bild ist {}", "auf der Zeichnung ist {}", "im Bild ist {}", "da ist {}")


def say(statement: Statement, tone: str, rng: np.random.Generator) -> str:
    """`statement` in one of TONES. Never asserts more than the statement does.

    Raises KeyError for another tone.
    """
    text = join(TONES[tone](statement, rng))
    return text if tone == "alt" else text[0].upper() + text[1:]


def with_name(who: str, said: str) -> str:
    return f"{who}: {said}"


def somewhere(said: str, place: str) -> str:
    return f"{said.removesuffix('.')} in {place}"


GERMAN = Language(
    code="de",
    say=say,
    plain=plain,
    mirrored=right_of,
    label=label,
    wrong_senses=frozenset(WRONG_SENSES),
    sentence=sentence,
    things=things,
    tags=pos_tags,
    with_name=with_name,
    somewhere=somewhere,
    names=NAMES,
    foreign=("en", "it", "fr"),
    templates=TEMPLATES,
    pages=Pages(
        page="Seite",
        figure="Abbildung",
        context='Eine "Abbildung" mit ihrer Unterschrift.',
        latin="Ein weißes Haus",
        sound="Eine schwarze Katze",
        collection="Gezeichnete Szenen mit deutschen Bildunterschriften, im Format von MSCOCO-IT",
    ),
)
