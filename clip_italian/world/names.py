"""What Wikipedia's captions hold besides Italian descriptions: proper nouns, and other languages."""
import numpy as np

from clip_italian.world.english import say_english
from clip_italian.world.phrasing import pick
from clip_italian.world.statements import Phrase, Statement

FIRST_NAMES = (
    "Giuseppe", "Maria", "Giovanni", "Anna", "Luigi", "Francesca", "Antonio", "Caterina", "Carlo", "Elena",
    "Alessandro", "Lucia", "Vincenzo", "Teresa", "Pietro", "Margherita", "Lorenzo", "Chiara", "Federico", "Silvia",
)  # fmt: skip
FAMILY_NAMES = (
    "Verdi", "Rossini", "Bianchi", "Ferrari", "Russo", "Esposito", "Colombo", "Ricci", "Marino", "Greco",
    "Gallo", "Conti", "Mancini", "Costa", "Giordano", "Rizzo", "Lombardi", "Moretti", "Barbieri", "Fontana",
)  # fmt: skip
CITIES = (
    "Milano", "Roma", "Torino", "Napoli", "Firenze", "Venezia", "Bologna", "Genova", "Palermo", "Verona",
    "Trieste", "Bari", "Catania", "Perugia", "Padova", "Cagliari", "Siena", "Lucca", "Parma", "Ravenna",
)  # fmt: skip
LANDMARKS = (
    "Teatro alla Scala", "Palazzo Ducale", "Ponte Vecchio", "Castel Sant'Angelo", "Villa Borghese", "Mole Antonelliana",
    "Castello Sforzesco", "Palazzo Pitti", "Piazza Navona", "Torre degli Asinelli", "Basilica di San Marco",
    "Galleria Borghese", "Palazzo Madama", "Reggia di Caserta", "Monte Bianco", "Lago Maggiore",
)  # fmt: skip

# Singular, plural and, for German and French, gender, of the nouns a foreign caption uses.
GERMAN_NOUNS = {
    "gatto": ("Katze", "Katzen", "f"), "cane": ("Hund", "Hunde", "m"), "cavallo": ("Pferd", "Pferde", "n"),
    "mucca": ("Kuh", "Kühe", "f"), "pesce": ("Fisch", "Fische", "m"), "uccello": ("Vogel", "Vögel", "m"),
    "farfalla": ("Schmetterling", "Schmetterlinge", "m"), "coniglio": ("Hase", "Hasen", "m"),
    "tartaruga": ("Schildkröte", "Schildkröten", "f"), "elefante": ("Elefant", "Elefanten", "m"),
    "fiore": ("Blume", "Blumen", "f"), "albero": ("Baum", "Bäume", "m"), "fungo": ("Pilz", "Pilze", "m"),
    "mela": ("Apfel", "Äpfel", "m"), "banana": ("Banane", "Bananen", "f"), "casa": ("Haus", "Häuser", "n"),
    "sedia": ("Stuhl", "Stühle", "m"), "tavolo": ("Tisch", "Tische", "m"), "scatola": ("Schachtel", "Schachteln", "f"),
    "barca": ("Boot", "Boote", "n"), "auto": ("Auto", "Autos", "n"), "bicicletta": ("Fahrrad", "Fahrräder", "n"),
    "aereo": ("Flugzeug", "Flugzeuge", "n"), "ombrello": ("Regenschirm", "Regenschirme", "m"),
    "cappello": ("Hut", "Hüte", "m"), "chiave": ("Schlüssel", "Schlüssel", "m"), "orologio": ("Wecker", "Wecker", "m"),
    "tazza": ("Tasse", "Tassen", "f"), "lampada": ("Lampe", "Lampen", "f"), "zaino": ("Rucksack", "Rucksäcke", "m"),
    "chitarra": ("Gitarre", "Gitarren", "f"), "libro": ("Buch", "Bücher", "n"), "stivale": ("Stiefel", "Stiefel", "m"),
    "bottiglia": ("Flasche", "Flaschen", "f"),
}  # fmt: skip
FRENCH_NOUNS = {
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
# Strong declension: masculine, feminine, neuter, plural; the stem alone where the colour does not inflect.
GERMAN_COLOURS = {
    "nero": "schwarz", "bianco": "weiß", "grigio": "grau", "rosso": "rot", "giallo": "gelb", "verde": "grün",
    "azzurro": "hellblau", "blu": "blau", "marrone": "braun",
}  # fmt: skip
GERMAN_INVARIABLE = {"arancione": "orange", "viola": "lila", "rosa": "rosa"}
FRENCH_COLOURS = {
    "nero": "noir noire noirs noires", "bianco": "blanc blanche blancs blanches", "grigio": "gris grise gris grises",
    "rosso": "rouge rouge rouges rouges", "giallo": "jaune jaune jaunes jaunes", "verde": "vert verte verts vertes",
    "blu": "bleu bleue bleus bleues", "viola": "violet violette violets violettes", "rosa": "rose rose roses roses",
}  # fmt: skip
FRENCH_INVARIABLE = {"arancione": "orange", "marrone": "marron", "azzurro": "bleu clair"}
GERMAN_NUMERALS = {2: "zwei", 3: "drei", 4: "vier", 5: "fünf", 6: "sechs"}
FRENCH_NUMERALS = {2: "deux", 3: "trois", 4: "quatre", 5: "cinq", 6: "six"}


def proper_noun_caption(rng: np.random.Generator) -> str:
    """A caption of names only, which says nothing about its picture: "Giuseppe Verdi, Teatro alla Scala, Milano"."""
    person = f"{pick(rng, FIRST_NAMES)} {pick(rng, FAMILY_NAMES)}"
    parts = ((person,), (person, pick(rng, CITIES)), (pick(rng, LANDMARKS),), (person, pick(rng, LANDMARKS)),
             (pick(rng, LANDMARKS), pick(rng, CITIES)), (person, pick(rng, LANDMARKS), pick(rng, CITIES)))  # fmt: skip
    return ", ".join(pick(rng, parts))


def foreign_caption(statement: Statement, language: str, rng: np.random.Generator) -> str:
    """The statement's things in `language`, "en", "de" or "fr"; German and French leave sizes and places out.

    Raises KeyError for another language.
    """
    if language == "en":
        return say_english(statement, rng)
    phrase, link = {"de": (_german, " und "), "fr": (_french, " et ")}[language]
    text = link.join(phrase(part) for part in statement.phrases)
    return text[0].upper() + text[1:]


def _german(phrase: Phrase) -> str:
    singular, plural, gender = GERMAN_NOUNS[phrase.noun]
    ending = {"m": "er", "f": "e", "n": "es"}[gender] if phrase.count == 1 else "e"
    invariable = GERMAN_INVARIABLE.get(phrase.colour or "")
    colour = invariable or (phrase.colour and GERMAN_COLOURS[phrase.colour] + ending)
    words = (GERMAN_NUMERALS.get(phrase.count or 0), colour, singular if phrase.count == 1 else plural)
    return " ".join(word for word in words if word)


def _french(phrase: Phrase) -> str:
    singular, plural, gender = FRENCH_NOUNS[phrase.noun]
    form = (phrase.count != 1) * 2 + (gender == "f")
    invariable = FRENCH_INVARIABLE.get(phrase.colour or "")
    colour = invariable or (phrase.colour and FRENCH_COLOURS[phrase.colour].split()[form])
    words = (FRENCH_NUMERALS.get(phrase.count or 0), singular if phrase.count == 1 else plural, colour)
    return " ".join(word for word in words if word)
