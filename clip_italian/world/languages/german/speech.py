"""German, from its lexicon, grammar and wording."""

from clip_italian.world.languages.german import grammar, wording
from clip_italian.world.languages.german.lexicon import LEXICON, NAMES
from clip_italian.world.languages.german.sentences import SENTENCES
from clip_italian.world.languages.language import Language, Pages, Rules

GERMAN = Language(
    code="de",
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
        page="Seite",
        figure="Abbildung",
        context='Eine "Abbildung" mit ihrer Unterschrift.',
        latin="Ein weißes Haus",
        sound="Eine schwarze Katze",
        collection="Gezeichnete Szenen mit deutschen Bildunterschriften, im Format von MSCOCO-IT",
    ),
    foreign=("en", "it", "fr"),
    # Frames with the label in the nominative; "ein Foto von {}" would need the dative.
    templates=("{}", "auf dem Foto ist {}", "auf dem Bild ist {}", "auf der Zeichnung ist {}", "im Bild ist {}", "da ist {}"),
    place="in",
    token=r"\w+|[^\w\s]",
)
