"""What Wikipedia's captions hold besides descriptions: proper nouns, and other languages."""

import numpy as np

from clip_italian.world.languages import known
from clip_italian.world.languages.english import say_english
from clip_italian.world.languages.language import Names
from clip_italian.world.scenes.statements import Phrase, Statement, pick

# The little French that captions in other languages take.
# Singular, plural and gender.
NOUNS = {
    "gatto": ("chat", "chats", "m"),
    "cane": ("chien", "chiens", "m"),
    "cavallo": ("cheval", "chevaux", "m"),
    "mucca": ("vache", "vaches", "f"),
    "pesce": ("poisson", "poissons", "m"),
    "uccello": ("oiseau", "oiseaux", "m"),
    "farfalla": ("papillon", "papillons", "m"),
    "coniglio": ("lapin", "lapins", "m"),
    "tartaruga": ("tortue", "tortues", "f"),
    "elefante": ("éléphant", "éléphants", "m"),
    "fiore": ("fleur", "fleurs", "f"),
    "albero": ("arbre", "arbres", "m"),
    "fungo": ("champignon", "champignons", "m"),
    "mela": ("pomme", "pommes", "f"),
    "banana": ("banane", "bananes", "f"),
    "casa": ("maison", "maisons", "f"),
    "sedia": ("chaise", "chaises", "f"),
    "tavolo": ("table", "tables", "f"),
    "scatola": ("boîte", "boîtes", "f"),
    "barca": ("bateau", "bateaux", "m"),
    "auto": ("voiture", "voitures", "f"),
    "bicicletta": ("bicyclette", "bicyclettes", "f"),
    "aereo": ("avion", "avions", "m"),
    "ombrello": ("parapluie", "parapluies", "m"),
    "cappello": ("chapeau", "chapeaux", "m"),
    "chiave": ("clé", "clés", "f"),
    "orologio": ("réveil", "réveils", "m"),
    "tazza": ("tasse", "tasses", "f"),
    "lampada": ("lampe", "lampes", "f"),
    "zaino": ("sac à dos", "sacs à dos", "m"),
    "chitarra": ("guitare", "guitares", "f"),
    "libro": ("livre", "livres", "m"),
    "stivale": ("botte", "bottes", "f"),
    "bottiglia": ("bouteille", "bouteilles", "f"),
}
COLOURS = {
    "nero": "noir noire noirs noires",
    "bianco": "blanc blanche blancs blanches",
    "grigio": "gris grise gris grises",
    "rosso": "rouge rouge rouges rouges",
    "giallo": "jaune jaune jaunes jaunes",
    "verde": "vert verte verts vertes",
    "blu": "bleu bleue bleus bleues",
    "viola": "violet violette violets violettes",
    "rosa": "rose rose roses roses",
}
INVARIABLE = {"arancione": "orange", "marrone": "marron", "azzurro": "bleu clair"}
NUMERALS = {2: "deux", 3: "trois", 4: "quatre", 5: "cinq", 6: "six"}


def things(statement: Statement) -> str:
    """What there is, without sizes and places: Deux chats noirs et maison blanche."""
    text = " et ".join(_things(phrase) for phrase in statement.phrases)
    return text[0].upper() + text[1:]


def _things(phrase: Phrase) -> str:
    singular, plural, gender = NOUNS[phrase.noun]
    form = (phrase.count != 1) * 2 + (gender == "f")
    invariable = INVARIABLE.get(phrase.colour or "")
    colour = invariable or (phrase.colour and COLOURS[phrase.colour].split()[form])
    words = (NUMERALS.get(phrase.count or 0), singular if phrase.count == 1 else plural, colour)
    return " ".join(word for word in words if word)


def proper_noun_caption(names: Names, rng: np.random.Generator) -> str:
    """A caption of names only, which says nothing about its picture: "Giuseppe Verdi, Teatro alla Scala, Milano"."""
    person = f"{pick(rng, names.first)} {pick(rng, names.family)}"
    parts = (
        (person,),
        (person, pick(rng, names.cities)),
        (pick(rng, names.landmarks),),
        (person, pick(rng, names.landmarks)),
        (pick(rng, names.landmarks), pick(rng, names.cities)),
        (person, pick(rng, names.landmarks), pick(rng, names.cities)),
    )
    return ", ".join(pick(rng, parts))


def foreign_caption(statement: Statement, language: str, rng: np.random.Generator) -> str:
    """The statement in English, or its things alone in another of the languages of the rows that are left out.

    Raises KeyError for a language that none of them has.
    """
    if language == "en":
        return say_english(statement, rng)
    return things(statement) if language == "fr" else known.of(language).things(statement)
