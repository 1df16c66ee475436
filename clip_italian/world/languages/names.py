"""Captions that do not describe their image in the study's language: proper nouns, and foreign languages."""

import numpy as np

from clip_italian.world.languages import known
from clip_italian.world.languages.english import say_english
from clip_italian.world.languages.language import Names
from clip_italian.world.scenes.statements import Phrase, Statement, pick
from clip_italian.world.tables import table

# French words for captions in foreign languages: singular, plural and gender of nouns, four forms of colours.
NOUNS = table("""
cat: chat, chats, m; dog: chien, chiens, m; horse: cheval, chevaux, m; cow: vache, vaches, f; fish: poisson, poissons, m;
bird: oiseau, oiseaux, m; butterfly: papillon, papillons, m; rabbit: lapin, lapins, m; turtle: tortue, tortues, f;
elephant: éléphant, éléphants, m; flower: fleur, fleurs, f; tree: arbre, arbres, m; mushroom: champignon, champignons, m;
apple: pomme, pommes, f; banana: banane, bananes, f; house: maison, maisons, f; chair: chaise, chaises, f;
table: table, tables, f; box: boîte, boîtes, f; boat: bateau, bateaux, m; car: voiture, voitures, f;
bicycle: bicyclette, bicyclettes, f; plane: avion, avions, m; umbrella: parapluie, parapluies, m; hat: chapeau, chapeaux, m;
key: clé, clés, f; clock: réveil, réveils, m; cup: tasse, tasses, f; lamp: lampe, lampes, f; backpack: sac à dos, sacs à dos, m;
guitar: guitare, guitares, f; book: livre, livres, m; boot: botte, bottes, f; bottle: bouteille, bouteilles, f""")
COLOURS = table("""
black: noir, noire, noirs, noires; white: blanc, blanche, blancs, blanches; grey: gris, grise, gris, grises;
red: rouge, rouge, rouges, rouges; orange: orange, orange, orange, orange; yellow: jaune, jaune, jaunes, jaunes;
green: vert, verte, verts, vertes; light blue: bleu clair, bleu clair, bleu clair, bleu clair; blue: bleu, bleue, bleus, bleues;
purple: violet, violette, violets, violettes; pink: rose, rose, roses, roses; brown: marron, marron, marron, marron""")
NUMERALS = {2: "deux", 3: "trois", 4: "quatre", 5: "cinq", 6: "six"}


def things(statement: Statement) -> str:
    """Returns the things of a statement in French, without sizes and positions: "Deux chats noirs et maison blanche"."""
    text = " et ".join(_things(phrase) for phrase in statement.phrases)
    return text[0].upper() + text[1:]


def _things(phrase: Phrase) -> str:
    singular, plural, gender = NOUNS[phrase.noun]
    form = (phrase.count != 1) * 2 + (gender == "f")
    colour = phrase.colour and COLOURS[phrase.colour][form]
    words = (NUMERALS.get(phrase.count or 0), singular if phrase.count == 1 else plural, colour)
    return " ".join(word for word in words if word)


def proper_noun_caption(names: Names, rng: np.random.Generator) -> str:
    """A caption of proper nouns only: "Giuseppe Verdi, Teatro alla Scala, Milano"."""
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
    """The statement in English, or its things in another foreign language; raises KeyError for an unknown language."""
    if language == "en":
        return say_english(statement, rng)
    return things(statement) if language == "fr" else known.of(language).things(statement)
