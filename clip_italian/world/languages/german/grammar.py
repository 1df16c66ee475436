"""German morphology and syntax: gender, number, case and agreement.

A noun phrase is a tuple of words in one case; `join` places commas. The rules are those of reference grammars (Duden, Die
Grammatik: the endings of an adjective depend on the word before it).
"""

import functools
import re
from collections.abc import Sequence

from clip_italian.world.languages.german.lexicon import LEXICON, NAMES, OTHER_WORDS, Adjective, Case, Noun, colour_noun
from clip_italian.world.languages.language import Words
from clip_italian.world.scenes.statements import Phrase

COLUMNS = "mfnp"  # of the tables below: masculine, feminine, neuter, and the plural of all


def _table(nominative: str, accusative: str, dative: str) -> dict[Case, dict[str, str]]:
    rows: dict[Case, str] = {"nom": nominative, "acc": accusative, "dat": dative}
    return {case: dict(zip(COLUMNS, row.split(), strict=False)) for case, row in rows.items()}


# Endings of adjectives: without an article, after der and dieser, after ein and kein.
STRONG = _table("er e es e", "en e es e", "em er em en")
WEAK = _table("e e e en", "en e e en", "en en en en")
MIXED = _table("er e es en", "en e es en", "en en en en")
DER = _table("der die das die", "den die das die", "dem der dem den")
EIN = _table("ein eine ein", "einen eine ein", "einem einer einem")
RELATIVE = _table("der die das die", "den die das die", "dem der dem denen")
CONTRACTIONS = {
    ("an", "dem"): "am",
    ("bei", "dem"): "beim",
    ("in", "dem"): "im",
    ("von", "dem"): "vom",
    ("zu", "dem"): "zum",
    ("zu", "der"): "zur",
}
# Inflected like der: dieser, jeder, ...; the first kinds are followed by weak adjectives, the others by strong ones.
LIKE_DER = {"dieser": "dies", "jeder": "jed", "alle": "all", "beide": "beid"}
LIKE_ADJECTIVES = {"einige": "einig", "viele": "viel"}


def join(words: Sequence[str]) -> str:
    """The text of `words`, with no space before punctuation, and at most one comma where clauses end together."""
    text = re.sub(r" (?=[,.:!?])", "", " ".join(words))
    return re.sub(r",(?=\s*(?:[,.:!?(]|$))", "", text)


def determiner(kind: str, agreement: str, case: Case) -> tuple[Words, dict[Case, dict[str, str]]]:
    """The determiner of a `kind`, and the endings of the adjectives after it.

    Kinds: bare, indefinite (ein), kein, definite (der), dieser, jeder, alle, beide, "die beiden", einige, viele, "ein paar".
    """
    if kind == "bare":
        return (), STRONG
    if kind == "ein paar":
        return ("ein", "paar"), STRONG
    if kind == "indefinite":
        return (EIN[case][agreement],), MIXED
    if kind == "kein":
        return ("kein" + STRONG[case]["p"] if agreement == "p" else "k" + EIN[case][agreement],), MIXED
    if kind == "definite":
        return (DER[case][agreement],), WEAK
    if kind == "die beiden":
        return (DER[case]["p"], "beiden"), WEAK
    if kind in LIKE_DER:
        return (LIKE_DER[kind] + STRONG[case][agreement],), WEAK
    return (LIKE_ADJECTIVES[kind] + STRONG[case][agreement],), STRONG


def noun_phrase(
    noun: Noun,
    kind: str = "indefinite",
    case: Case = "nom",
    plural: bool = False,
    adjectives: Sequence[Adjective] = (),
    count: int | None = None,
) -> Words:
    """Determiner, numeral, adjectives, noun: einem kleinen schwarzen Hund, die zwei schwarzen Hunde, zwei schwarze Hunde."""
    agreement = noun.agreement(plural)
    article, endings = determiner(kind, agreement, case)
    numeral = (LEXICON.numerals[count],) if count is not None else ()
    described = (adjective.form(endings[case][agreement]) for adjective in adjectives)
    return (*article, *numeral, *described, noun.form(plural, case))


def prepose(preposition: str, phrase: Words) -> Words:
    """A preposition of one or more words with a phrase in the dative: links von + dem Hund is links vom Hund."""
    *adverbs, last = preposition.split()
    contracted = CONTRACTIONS.get((last, phrase[0]))
    return (*adverbs, contracted, *phrase[1:]) if contracted else (*adverbs, last, *phrase)


def coordinate(first: Words, second: Words) -> Words:
    """Two phrases joined by "und"."""
    return (*first, "und", *second)


def clause(preposition: str, agreement: str, subject: Words, plural: bool, reflexive: bool = False) -> Words:
    """A relative clause with its commas: ", auf dem eine Katze ist," or ", auf dem sich eine Katze befindet,"."""
    start = (",", preposition, RELATIVE["dat"][agreement])
    if reflexive:
        return (*start, "sich", *subject, "befinden" if plural else "befindet", ",")
    return (*start, *subject, "sind" if plural else "ist", ",")


def plain_phrase(phrase: Phrase, article: bool, governed: bool) -> Words:
    """A plain noun phrase: eine kleine schwarze Katze, zwei Katzen; after a preposition in the dative: einer schwarzen Katze."""
    plural = phrase.count != 1
    adjectives = [LEXICON.sizes[phrase.size]] if phrase.size else []
    adjectives += [LEXICON.colours[phrase.colour]] if phrase.colour else []
    kind = "indefinite" if article and not plural else "bare"
    count = phrase.count if plural else None
    return noun_phrase(LEXICON.nouns[phrase.noun], kind, "dat" if governed else "nom", plural, adjectives, count)


def label(noun: Noun, colour: Adjective, article: bool, agrees: bool) -> Words:
    """A noun with a colour: eine schwarze Katze; without agreement the colour is masculine: eine schwarzer Katze."""
    kind = "indefinite" if article else "bare"
    if agrees:
        return noun_phrase(noun, kind, adjectives=(colour,))
    words, endings = determiner(kind, noun.gender, "nom")
    return (*words, colour.form(endings["nom"]["m"]), noun.singular)


def mirror(text: str) -> str:
    """`text` with links, rechts and the forms of linke, rechte exchanged as whole words."""
    other = {"link": "recht", "recht": "link", "Link": "Recht", "Recht": "Link"}
    return re.sub(r"\b([Ll]ink|[Rr]echt)(s|e[mnrs]?)\b", lambda match: other[match[1]] + match[2], text)


@functools.cache
def known_words() -> dict[str, str]:
    """The tag of every word form, as spelled inside a sentence."""
    articles = [form for table in (DER, EIN, RELATIVE) for forms in table.values() for form in forms.values()]
    endings = {ending for forms in STRONG.values() for ending in forms.values()}
    articles += [stem + ending for stem in (*LIKE_DER.values(), *LIKE_ADJECTIVES.values()) for ending in endings]
    closed = {"DET": articles, "ADP": CONTRACTIONS.values(), "NOUN": map(colour_noun, LEXICON.every_adjective())}
    return LEXICON.tags({tag: " ".join((words, *closed.get(tag, ()))) for tag, words in OTHER_WORDS.items()})


def tag(token: str, starts: bool) -> str:
    """The part of speech of a word; an unknown capitalised one is a proper noun, a first word may be a known lower-case one."""
    if token in NAMES.first:
        return "PROPN"
    known = known_words()
    if starts and token.lower() in known:
        return known[token.lower()]
    return known.get(token, "PROPN" if token[0].isupper() else "X")
