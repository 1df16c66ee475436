"""German morphology and syntax: gender, number and case, and who agrees with whom.

A noun phrase is a tuple of words in one case; `join` alone knows where commas stay. Rules as in any reference grammar (Duden, Die
Grammatik: the endings of an adjective follow from the word before it).
"""

import re
from collections.abc import Sequence

from clip_italian.world.languages.german.lexicon import NUMERALS, Adjective, Case, Noun

Words = tuple[str, ...]
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
    """The text of `words`: one space between words, none before a stop, and one comma where clauses end together, or none."""
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
    numeral = (NUMERALS[count],) if count is not None else ()
    described = (adjective.form(endings[case][agreement]) for adjective in adjectives)
    return (*article, *numeral, *described, noun.form(plural, case))


def prepose(preposition: str, phrase: Words) -> Words:
    """A phrase in the dative after a preposition, which may be of several words: links von + dem Hund is links vom Hund."""
    *adverbs, last = preposition.split()
    contracted = CONTRACTIONS.get((last, phrase[0]))
    return (*adverbs, contracted, *phrase[1:]) if contracted else (*adverbs, last, *phrase)


def coordinate(first: Words, second: Words) -> Words:
    """first und second."""
    return (*first, "und", *second)


def clause(preposition: str, agreement: str, subject: Words, plural: bool, reflexive: bool = False) -> Words:
    """A relative clause with its commas: ", auf dem eine Katze ist," or ", auf dem sich eine Katze befindet,"."""
    start = (",", preposition, RELATIVE["dat"][agreement])
    if reflexive:
        return (*start, "sich", *subject, "befinden" if plural else "befindet", ",")
    return (*start, *subject, "sind" if plural else "ist", ",")
