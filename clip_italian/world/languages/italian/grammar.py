"""Italian morphology and syntax: forms that depend on the next word, and agreement.

A noun phrase is a tuple of words. `join` writes words that end in an apostrophe together with the next one. The rules are those of
reference grammars (Serianni, Grammatica italiana).
"""

import functools
import re
from collections.abc import Sequence

from clip_italian.world.languages.italian.lexicon import LEXICON, NAMES, OTHER_WORDS, QUANTIFIERS, Adjective, Noun, four_forms
from clip_italian.world.languages.language import Words
from clip_italian.world.scenes.statements import Phrase

QUALITIES, NUMERALS = LEXICON.qualities, LEXICON.numerals
VOWELS = "aeiouàèéìòù"
# Definite articles, and their forms after a stem: de- and il is del, be- and lo is bello.
FUSED_ARTICLES = {"il": "l", "lo": "llo", "la": "lla", "l'": "ll'", "i": "i", "gli": "gli", "le": "lle"}
FUSED = {"di": "de", "a": "a", "da": "da", "in": "ne", "su": "su"}  # stems before -l, -llo, -i, -gli ...


def join(words: Sequence[str]) -> str:
    """The text of `words`, with no space after an apostrophe or before punctuation."""
    return re.sub(r" (?=[,.!?])|(?<=') ", "", " ".join(words))


def starts_with_vowel(word: str) -> bool:
    """Whether `word` begins with a vowel or mute h, but not with a semivowel as in iena; articles are elided before it."""
    sound = word.lower().removeprefix("h")
    return sound[:1] in VOWELS and not _semivowel(sound)


def takes_lo(word: str) -> bool:
    """Whether a masculine `word` takes lo, uno, gli: s + consonant, z, gn, ps, pn, x, y, i + vowel."""
    word = word.lower()
    impure_s = word[:1] == "s" and word[1:2] not in VOWELS
    return impure_s or word[:1] in ("z", "x", "y") or word[:2] in ("gn", "ps", "pn") or _semivowel(word)


def _semivowel(word: str) -> bool:
    return word[:1] == "i" and word[1:2] != "" and word[1] in VOWELS


def by_sound(next_word: str, plain: str, before_lo: str, before_vowel: str) -> str:
    """One of three masculine forms, chosen by the sound of `next_word`."""
    if starts_with_vowel(next_word):
        return before_vowel
    return before_lo if takes_lo(next_word) else plain


def indefinite(gender: str, next_word: str) -> str:
    """The indefinite article before `next_word`: un, uno, una or un'."""
    if gender == "m":
        return by_sound(next_word, "un", "uno", "un")
    return "un'" if starts_with_vowel(next_word) else "una"


def definite(gender: str, plural: bool, next_word: str) -> str:
    """The definite article before `next_word`: il, lo, la, l', i, gli or le; plurals are not elided."""
    if gender == "m":
        return by_sound(next_word, "i", "gli", "gli") if plural else by_sound(next_word, "il", "lo", "l'")
    if plural:
        return "le"
    return "l'" if starts_with_vowel(next_word) else "la"


def fuse(preposition: str, article: str) -> str:
    """The contraction of di, a, da, in or su with a definite article: di + lo is dello."""
    return FUSED[preposition] + FUSED_ARTICLES[article]


def prepose(preposition: str, phrase: Words) -> Words:
    """A preposition of one or more words with a phrase: accanto a + il gatto is accanto al gatto."""
    *adverbs, last = preposition.split()
    if last in FUSED and phrase[0] in FUSED_ARTICLES:
        return (*adverbs, fuse(last, phrase[0]), *phrase[1:])
    return (*adverbs, euphonic(last, phrase[0]), *phrase)


def euphonic(word: str, next_word: str) -> str:
    """The form of e or a before `next_word`: ed or ad before the same vowel; other words are unchanged."""
    return word + "d" if word in ("e", "a") and next_word[:1].lower() == word else word


def bello(gender: str, plural: bool, next_word: str) -> str:
    """bello before `next_word`: bel, bello, bell', bei, begli, bella, belle."""
    return "be" + FUSED_ARTICLES[definite(gender, plural, next_word)]


def quello(gender: str, plural: bool, next_word: str) -> str:
    """quello before `next_word`: quel, quello, quell', quei, quegli, quella, quelle."""
    return "que" + FUSED_ARTICLES[definite(gender, plural, next_word)]


def buono(gender: str, plural: bool, next_word: str) -> str:
    """buono before `next_word`, in the singular like un: buon, buono, buona, buon'."""
    if plural:
        return QUALITIES["buono"].form(gender, True)
    return "buo" + indefinite(gender, next_word).removeprefix("u")


def preposed(adjective: Adjective, gender: str, plural: bool, next_word: str) -> str:
    """The form of an adjective before `next_word`, its noun or another adjective."""
    if adjective == QUALITIES["bello"]:
        return bello(gender, plural, next_word)
    if adjective == QUALITIES["buono"]:
        return buono(gender, plural, next_word)
    return adjective.form(gender, plural)


def determiner(kind: str, gender: str, plural: bool, next_word: str) -> Words:
    """The determiner of a `kind` before `next_word`; the partitive is dei, degli or delle.

    Raises KeyError for an unknown kind.
    """
    if kind == "indefinite":
        return (indefinite(gender, next_word),)
    if kind == "partitive":
        return (fuse("di", definite(gender, True, next_word)),)
    if kind == "definite":
        return (definite(gender, plural, next_word),)
    if kind == "quello":
        return (quello(gender, plural, next_word),)
    if kind in ("bare", "qualche", "ogni"):
        return () if kind == "bare" else (kind,)
    if kind == "entrambi":
        return (QUANTIFIERS[kind].form(gender, True), definite(gender, True, next_word))
    return (QUANTIFIERS[kind].form(gender, plural),)


def noun_phrase(
    noun: Noun,
    kind: str = "indefinite",
    plural: bool = False,
    before: Sequence[Adjective] = (),
    after: Sequence[Adjective] = (),
    count: int | None = None,
) -> Words:
    """Determiner, numeral, adjectives, noun, adjectives, all agreeing.

    Built from the right, because each word's form depends on the next one.

    `count` puts a numeral before the adjectives: "definite" with 2 is i due gatti, "bare" with 2 is due gatti.
    """
    gender = noun.gender_of(plural)
    words: Words = (noun.form(plural), *(adjective.form(gender, plural) for adjective in after))
    for adjective in reversed(before):
        words = (preposed(adjective, gender, plural, words[0]), *words)
    if count is not None:
        words = (NUMERALS[count], *words)
    return (*determiner(kind, gender, plural, words[0]), *words)


def all_of(count: int, noun: Noun) -> Words:
    """All of `count` things: tutti e tre i gatti, tutte e due le sedie."""
    gender = noun.gender_of(True)
    return (QUANTIFIERS["tutto"].form(gender, True), "e", NUMERALS[count], *noun_phrase(noun, "definite", True))


def coordinate(first: Words, second: Words) -> Words:
    """Two phrases joined by "e", or by "ed" before an e."""
    return (*first, euphonic("e", second[0]), *second)


def joint_gender(genders: Sequence[str]) -> str:
    """The gender that agrees with several nouns: feminine if all are, else masculine."""
    return "f" if set(genders) == {"f"} else "m"


def there_is(plural: bool) -> Words:
    """The words for "there is" or "there are": c'è, ci sono."""
    return ("ci", "sono") if plural else ("c'è",)


def on_which(preposition: str, gender: str, plural: bool, cui: bool = True) -> Words:
    """A relative pronoun with its preposition: su cui (not inflected), or sulla quale, sotto i quali."""
    if cui:
        return (preposition, "cui")
    return prepose(preposition, (definite(gender, plural, "quale"), "quali" if plural else "quale"))


def plain_phrase(phrase: Phrase, article: bool, governed: bool) -> Words:
    """A plain noun phrase, also after a preposition: un piccolo gatto nero, due gatti."""
    plural = phrase.count != 1
    before = [LEXICON.sizes[phrase.size]] if phrase.size else []
    after = [LEXICON.colours[phrase.colour]] if phrase.colour else []
    kind = "indefinite" if article and not plural else "bare"
    return noun_phrase(LEXICON.nouns[phrase.noun], kind, plural, before, after, phrase.count if plural else None)


def label(noun: Noun, colour: Adjective, article: bool, agrees: bool) -> Words:
    """A noun with a colour: un gatto nero; without agreement the colour is masculine: una casa nero."""
    adjective = colour if agrees else four_forms(colour.masculine)
    return noun_phrase(noun, "indefinite" if article else "bare", after=(adjective,))


def mirror(text: str) -> str:
    """`text` with sinistro, destro and their forms exchanged as whole words."""
    other = {"sinistr": "destr", "destr": "sinistr", "Sinistr": "Destr", "Destr": "Sinistr"}
    return re.sub(r"\b([Ss]inistr|[Dd]estr)([oaie])\b", lambda match: other[match[1]] + match[2], text)


@functools.cache
def known_words() -> dict[str, str]:
    """The tag of every word form in lower case."""
    articles, fused = " ".join(FUSED_ARTICLES), " ".join(fuse(one, article) for one in FUSED for article in FUSED_ARTICLES)
    quantifiers = " ".join(form for adjective in QUANTIFIERS.values() for form in adjective.forms())
    closed = {"DET": f"{articles} {quantifiers}", "ADP": f"{fused} all' dell' dall'"}
    return LEXICON.tags({tag: f"{words} {closed.get(tag, '')}" for tag, words in OTHER_WORDS.items()})


def tag(token: str, starts: bool) -> str:
    """The part of speech of a word. A capitalised word is a proper noun, unless it is a known word at the start of a sentence."""
    token = token.replace("’", "'")
    if token[0].isupper() and (not starts or token in NAMES.first):
        return "PROPN"
    return known_words().get(token.lower(), "PROPN" if token[0].isupper() else "X")
