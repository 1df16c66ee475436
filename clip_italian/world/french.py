"""The little French that captions in other languages take."""

from clip_italian.world.statements import Phrase, Statement

# Singular, plural and gender.
NOUNS = {
    "gatto": ("chat", "chats", "m"), "cane": ("chien", "chiens", "m"), "cavallo": ("cheval", "chevaux", "m"),
    "mucca": ("vache", "vaches", "f"), "pesce": ("poisson", "poissons", "m"), "uccello": ("oiseau", "oiseaux", "m"),
    "farfalla": ("papillon", "papillons", "m"), "coniglio": ("lapin", "lapins", "m"),
    "tartaruga": ("tortue", "tortues", "f"), "elefante": ("éléphant", "éléphants", "m"),
    "fiore": ("fleur", "fleurs", "f"), "albero": ("arbre", "arbres", "m"),
    "fungo": ("champignon", "champignons", "m"), "mela": ("pomme", "pommes", "f"),
    "banana": ("banane", "bananes", "f"), "casa": ("maison", "maisons", "f"), "sedia": ("chaise", "chaises", "f"),
    "tavolo": ("table", "tables", "f"), "scatola": ("boîte", "boîtes", "f"), "barca": ("bateau", "bateaux", "m"),
    "auto": ("voiture", "voitures", "f"), "bicicletta": ("bicyclette", "bicyclettes", "f"),
    "aereo": ("avion", "avions", "m"), "ombrello": ("parapluie", "parapluies", "m"),
    "cappello": ("chapeau", "chapeaux", "m"), "chiave": ("clé", "clés", "f"), "orologio": ("réveil", "réveils", "m"),
    "tazza": ("tasse", "tasses", "f"), "lampada": ("lampe", "lampes", "f"), "zaino": ("sac à dos", "sacs à dos", "m"),
    "chitarra": ("guitare", "guitares", "f"), "libro": ("livre", "livres", "m"), "stivale": ("botte", "bottes", "f"),
    "bottiglia": ("bouteille", "bouteilles", "f"),
}  # fmt: skip
COLOURS = {
    "nero": "noir noire noirs noires", "bianco": "blanc blanche blancs blanches", "grigio": "gris grise gris grises",
    "rosso": "rouge rouge rouges rouges", "giallo": "jaune jaune jaunes jaunes", "verde": "vert verte verts vertes",
    "blu": "bleu bleue bleus bleues", "viola": "violet violette violets violettes", "rosa": "rose rose roses roses",
}  # fmt: skip
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
