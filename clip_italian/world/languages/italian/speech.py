"""Italian, from its lexicon, grammar and wording."""

from clip_italian.world.languages.italian import grammar, wording
from clip_italian.world.languages.italian.lexicon import LEXICON, NAMES
from clip_italian.world.languages.italian.sentences import SENTENCES
from clip_italian.world.languages.language import Language, Pages, Rules

ITALIAN = Language(
    code="it",
    lexicon=LEXICON,
    rules=Rules(
        join=grammar.join,
        phrase=grammar.plain_phrase,
        prepose=grammar.prepose,
        coordinate=grammar.coordinate,
        label=grammar.label,
        mirror=grammar.mirror,
        with_name=wording.with_name,
        tag=grammar.tag,
    ),
    tones={"alt": wording.alt, "encyclopaedic": wording.encyclopaedic, "photo": wording.photo, "news": wording.news},
    sentences=SENTENCES,
    names=NAMES,
    pages=Pages(
        page="Pagina",
        figure="Figura",
        context='Una "figura" con la sua didascalia.',
        latin="Un gatto è nero",
        sound="Un gatto nero",
        collection="Scene disegnate con didascalie italiane, nel formato di MSCOCO-IT",
    ),
    foreign=("en", "de", "fr"),
    # The first is the query of the 2021 study; the others have no article before the label.
    templates=("{}", "una foto di {}", "un'immagine di {}", "un disegno di {}", "un'illustrazione di {}", "c'è {}"),
    place="a",
    token=r"\w+['’]?|[^\w\s]",
)
