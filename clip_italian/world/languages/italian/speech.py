"""Italian as the world asks for it."""

import numpy as np

from clip_italian.world.languages.italian import wording
from clip_italian.world.languages.italian.grammar import join
from clip_italian.world.languages.italian.labels import WRONG_SENSES, label
from clip_italian.world.languages.italian.names import NAMES
from clip_italian.world.languages.italian.plain import plain, right_of, things
from clip_italian.world.languages.italian.sentences import sentence
from clip_italian.world.languages.italian.tagging import pos_tags
from clip_italian.world.languages.language import Language, Pages
from clip_italian.world.scenes.statements import Statement

TONES = {"alt": wording.alt, "encyclopaedic": wording.encyclopaedic, "photo": wording.photo, "news": wording.news}

# The first is how the classes of the 2021 study were queried; the others never put an article of their own.
TEMPLATES = ("{}", "una foto di {}", "un'immagine di {}", "un disegno di {}", "un'illustrazione di {}", "c'è {}")


def say(statement: Statement, tone: str, rng: np.random.Generator) -> str:
    """`statement` in one of TONES. Never asserts more than the statement does.

    Raises KeyError for another tone.
    """
    text = join(TONES[tone](statement, rng))
    return text if tone == "alt" else text[0].upper() + text[1:]


def with_name(who: str, said: str) -> str:
    return f"{who} con {said[0].lower()}{said[1:]}"


def somewhere(said: str, place: str) -> str:
    return f"{said.removesuffix('.')} a {place}"


ITALIAN = Language(
    code="it",
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
    foreign=("en", "de", "fr"),
    templates=TEMPLATES,
    pages=Pages(
        page="Pagina",
        figure="Figura",
        context='Una "figura" con la sua didascalia.',
        latin="Un gatto è nero",
        sound="Un gatto nero",
        collection="Scene disegnate con didascalie italiane, nel formato di MSCOCO-IT",
    ),
)
