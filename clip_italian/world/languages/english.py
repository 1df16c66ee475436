"""English captions of statements, in the style of photo captions, and English class names."""

from collections.abc import Sequence

import numpy as np

from clip_italian.world.scenes import statements
from clip_italian.world.scenes.statements import Phrase, Statement, pick
from clip_italian.world.tables import table

# Singulars and plurals; the first singular of a noun is its class name and its identifier.
_PLURALS = {"fish": "fish", "butterfly": "butterflies", "box": "boxes"}
_SYNONYMS = {
    "rabbit": ("bunny", "bunnies"),
    "bicycle": ("bike", "bikes"),
    "plane": ("airplane", "airplanes"),
    "clock": ("alarm clock", "alarm clocks"),
    "cup": ("mug", "mugs"),
}
NOUNS = {
    noun: ((noun, _PLURALS.get(noun, noun + "s")), *([_SYNONYMS[noun]] if noun in _SYNONYMS else [])) for noun in statements.NOUNS
}
# The first word is used in class names; a repeated word is likelier. Everyday English calls dark blue just blue.
COLOURS = {colour: (colour,) for colour in statements.COLOURS} | table("""
grey: grey, gray; light blue: light blue, light blue, light blue, sky blue; blue: blue, blue, blue, dark blue""")
SIZES = table("small: small, small, little, tiny; medium: medium-sized; large: large, big, big, huge")
NUMERALS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
RELATIONS = table("""
on: on, on top of; above: above, over; below: below, under; beside: next to, beside, near; inside: in, inside;
left_of: to the left of, left of""")
INVERSE_RELATIONS = {
    "above": RELATIONS["below"],
    "below": RELATIONS["above"],
    "beside": RELATIONS["beside"],
    "left_of": ("to the right of", "right of"),
}
POSITIONS = table("""
top: at the top, in the upper part; bottom: at the bottom, in the lower part; left: on the left, on the left side;
right: on the right, on the right side; centre: in the middle, in the center""")
GROUNDS = table("""
white: on a white background, against a white background; meadow: in a meadow, on the grass, in a green field;
sky: in the sky, against the sky; sea: at sea, on the sea; room: in a room, inside a room; sand: on the sand, on a beach;
snow: in the snow, on the snow; night: at night, in the dark""")


def say_english(statement: Statement, rng: np.random.Generator) -> str:
    """`statement` as an English photo caption, which asserts no more than the statement."""
    subject, place, plural = _subject_and_place(statement, rng)
    position = pick(rng, POSITIONS[statement.position]) if statement.position else ""
    ground = pick(rng, GROUNDS[statement.ground]) if statement.ground else ""
    where = _spaced(position + "," if position and ground else position, place, ground)
    verb = "are" if plural else "is"
    there = "there is" if subject.startswith(("a ", "an ")) else "there are"  # agrees with the first noun
    style = int(rng.integers(8))
    if style == 0:
        return _sentence(there, subject, where)
    if style == 1 and where:
        return _sentence(subject, verb, where)
    if style == 2 and ground:
        return _sentence(f"{ground},", there, subject, position, place)
    if style in (3, 4):
        return _spaced(pick(rng, ("a photo of", "a picture of", "a drawing of", "an image of")), subject, where)
    return _spaced(subject, where)


def english_label(noun: str, colour: str) -> str:
    """The English name of a zero-shot class with its article: "a black cat", "an orange boat"."""
    return _article(f"{COLOURS[colour][0]} {NOUNS[noun][0][0]}")


def _spaced(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _sentence(*parts: str) -> str:
    text = _spaced(*parts)
    return text[0].upper() + text[1:] + "."


def _article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def _subject_and_place(statement: Statement, rng: np.random.Generator) -> tuple[str, str, bool]:
    """The subject, its relation to the other phrase, and whether its verb is plural."""
    first, *others = statement.phrases
    relation = statement.relation
    if not others:
        return _phrase(first, rng), "", first.count != 1
    if relation is None:
        link = pick(rng, ("and", "and", "with"))
        plural = link == "and" or first.count != 1
        return f"{_phrase(first, rng)} {link} {_phrase(others[0], rng)}", "", plural
    words: Sequence[str] = RELATIONS[relation]
    subject, other = first, others[0]
    if relation in INVERSE_RELATIONS and statement.position is None and rng.random() < 0.3:
        words, subject, other = INVERSE_RELATIONS[relation], other, subject
    return _phrase(subject, rng), f"{pick(rng, words)} {_phrase(other, rng)}", subject.count != 1


def _phrase(phrase: Phrase, rng: np.random.Generator) -> str:
    plural = phrase.count != 1
    size = pick(rng, SIZES[phrase.size]) if phrase.size else ""
    colour = pick(rng, COLOURS[phrase.colour]) if phrase.colour else ""
    words = _spaced(size, colour, pick(rng, NOUNS[phrase.noun])[1 if plural else 0])
    if not plural:
        return _article(words)
    if phrase.count is None:
        return _spaced(pick(rng, ("some", "some", "")), words)
    pair = phrase.count == 2 and rng.random() < 0.1
    return _spaced("a pair of" if pair else NUMERALS[phrase.count], words)
