"""The words of the drawn world in German: nouns with gender and plural, adjectives by their stems.

Plurals are listed. The other forms follow from two rules without exception here: the dative plural takes -n unless it ends in -n or
-s (den Hunden, den Autos), and weak nouns have their plural's form in every case of the singular but the nominative (den Hasen).
"""

import dataclasses
from typing import Literal

Case = Literal["nom", "acc", "dat"]


@dataclasses.dataclass(frozen=True)
class Noun:
    """A noun; `gender` is "m", "f" or "n"."""

    singular: str
    plural: str
    gender: str
    weak: bool
    kind: str  # animal, plant, food, thing, person, place ...: what sentences may say of it

    def form(self, plural: bool, case: Case) -> str:
        """The word itself."""
        if plural:
            return self.plural + ("n" if case == "dat" and self.plural[-1] not in "ns" else "")
        return self.plural if self.weak and case != "nom" else self.singular

    def agreement(self, plural: bool) -> str:
        """What articles and adjectives agree with: its gender, or "p" in the plural, which has no genders."""
        return "p" if plural else self.gender


@dataclasses.dataclass(frozen=True)
class Adjective:
    """An adjective by its stem, which is what stands after a verb; one that does not inflect is the same everywhere."""

    stem: str
    inflects: bool = True

    def form(self, ending: str) -> str:
        """Before a noun, with the ending that it asks for."""
        return self.stem + ending if self.inflects else self.stem

    def forms(self) -> tuple[str, ...]:
        """All its forms."""
        return tuple(self.form(ending) for ending in ("", "e", "em", "en", "er", "es"))


def _nouns(table: str) -> dict[str, Noun]:
    """Nouns by singular; a row of `table` is "kind gender: singular plural, ...", "w" being the gender of weak masculines."""
    nouns = {}
    for row in table.strip().replace("\n    ", " ").splitlines():
        kind_and_gender, _, forms = row.partition(":")
        kind, gender = kind_and_gender.split()
        for pair in forms.split(","):
            singular, plural = pair.split()
            nouns[singular] = Noun(singular, plural, gender.replace("w", "m"), gender == "w", kind)
    return nouns


_DRAWN = _nouns("""
animal f: Katze Katzen, Kuh Kühe, Schildkröte Schildkröten
animal m: Hund Hunde, Fisch Fische, Vogel Vögel, Schmetterling Schmetterlinge
animal n: Pferd Pferde
animal w: Hase Hasen, Elefant Elefanten
plant f: Blume Blumen
plant m: Baum Bäume
fungus m: Pilz Pilze
food m: Apfel Äpfel
food f: Banane Bananen
thing f: Schachtel Schachteln, Tasse Tassen, Lampe Lampen, Gitarre Gitarren, Flasche Flaschen
thing m: Stuhl Stühle, Tisch Tische, Regenschirm Regenschirme, Hut Hüte, Schlüssel Schlüssel, Wecker Wecker, Rucksack
    Rucksäcke, Stiefel Stiefel
thing n: Haus Häuser, Boot Boote, Auto Autos, Fahrrad Fahrräder, Flugzeug Flugzeuge, Buch Bücher
""")

# By the keys of statements.NOUNS.
NOUNS = {
    key: _DRAWN[word]
    for key, word in {
        "cat": "Katze",
        "dog": "Hund",
        "horse": "Pferd",
        "cow": "Kuh",
        "fish": "Fisch",
        "bird": "Vogel",
        "butterfly": "Schmetterling",
        "rabbit": "Hase",
        "turtle": "Schildkröte",
        "elephant": "Elefant",
        "flower": "Blume",
        "tree": "Baum",
        "mushroom": "Pilz",
        "apple": "Apfel",
        "banana": "Banane",
        "house": "Haus",
        "chair": "Stuhl",
        "table": "Tisch",
        "box": "Schachtel",
        "boat": "Boot",
        "car": "Auto",
        "bicycle": "Fahrrad",
        "plane": "Flugzeug",
        "umbrella": "Regenschirm",
        "hat": "Hut",
        "key": "Schlüssel",
        "clock": "Wecker",
        "cup": "Tasse",
        "lamp": "Lampe",
        "backpack": "Rucksack",
        "guitar": "Gitarre",
        "book": "Buch",
        "boot": "Stiefel",
        "bottle": "Flasche",
    }.items()
}

# Other words for the same thing: the everyday ones and the written ones.
SYNONYMS = {
    "rabbit": _nouns("animal n: Kaninchen Kaninchen"),
    "cat": _nouns("animal f: Mieze Miezen"),
    "box": _nouns("thing f: Kiste Kisten\nthing m: Karton Kartons"),
    "boat": _nouns("thing m: Kahn Kähne"),
    "car": _nouns("thing m: Wagen Wagen"),
    "bicycle": _nouns("thing n: Rad Räder"),
    "plane": _nouns("thing m: Flieger Flieger"),
    "umbrella": _nouns("thing m: Schirm Schirme"),
    "clock": _nouns("thing f: Uhr Uhren"),
    "cup": _nouns("thing m: Becher Becher"),
}
FORMAL_SYNONYMS = {
    "rabbit": _nouns("animal n: Kaninchen Kaninchen"),
    "butterfly": _nouns("animal m: Falter Falter"),
    "elephant": _nouns("animal m: Dickhäuter Dickhäuter"),
    "house": _nouns("thing n: Gebäude Gebäude, Wohnhaus Wohnhäuser"),
    "boat": _nouns("thing n: Wasserfahrzeug Wasserfahrzeuge"),
    "car": _nouns("thing n: Automobil Automobile\nthing m: Personenwagen Personenwagen"),
    "hat": _nouns("thing f: Kopfbedeckung Kopfbedeckungen"),
    "lamp": _nouns("thing f: Leuchte Leuchten"),
    "book": _nouns("thing m: Band Bände"),
}

# One word for a small one, where it is used with the same meaning (Brötchen and Hörnchen would not be).
DIMINUTIVES = {
    "cat": _nouns("animal n: Kätzchen Kätzchen"),
    "dog": _nouns("animal n: Hündchen Hündchen"),
    "horse": _nouns("animal n: Pferdchen Pferdchen"),
    "fish": _nouns("animal n: Fischlein Fischlein"),
    "bird": _nouns("animal n: Vögelchen Vögelchen"),
    "rabbit": _nouns("animal n: Häschen Häschen"),
    "flower": _nouns("plant n: Blümchen Blümchen"),
    "tree": _nouns("plant n: Bäumchen Bäumchen"),
    "house": _nouns("thing n: Häuschen Häuschen"),
    "chair": _nouns("thing n: Stühlchen Stühlchen"),
    "table": _nouns("thing n: Tischchen Tischchen"),
    "box": _nouns("thing n: Schächtelchen Schächtelchen"),
    "hat": _nouns("thing n: Hütchen Hütchen"),
    "cup": _nouns("thing n: Tässchen Tässchen"),
    "lamp": _nouns("thing n: Lämpchen Lämpchen"),
    "bottle": _nouns("thing n: Fläschchen Fläschchen"),
}

# Nouns that are written about and never drawn: the BERT's text and the grammar's tests use them.
EXTRA = _nouns("""
animal n: Eichhörnchen Eichhörnchen
animal w: Drache Drachen, Ochse Ochsen, Löwe Löwen, Bär Bären, Affe Affen
animal m: Panda Pandas, Koala Koalas, Gorilla Gorillas, Wolf Wölfe, Tiger Tiger, Fuchs Füchse
animal f: Maus Mäuse, Biene Bienen, Hyäne Hyänen, Gans Gänse
person m: Zwerg Zwerge, Koch Köche, Freund Freunde, Arzt Ärzte, Onkel Onkel, Mann Männer, Maler Maler
person w: Junge Jungen
person f: Freundin Freundinnen, Tante Tanten, Frau Frauen, Lehrerin Lehrerinnen
person n: Mädchen Mädchen, Kind Kinder
thing m: Bus Busse, Roboter Roboter, Computer Computer, Stein Steine, Koffer Koffer, Pfeil Pfeile, Schuh Schuhe
thing n: Hemd Hemden
thing f: Zeitschrift Zeitschriften, Fahne Fahnen, Brille Brillen, Schere Scheren
food f: Orange Orangen, Kirsche Kirschen, Torte Torten, Birne Birnen, Zitrone Zitronen, Tomate Tomaten
food m: Kuchen Kuchen
food n: Ei Eier, Brot Brote
drink m: Kaffee Kaffees, Tee Tees
place n: Hotel Hotels
place m: Park Parks, Strand Strände, Berg Berge
place f: Brücke Brücken, Stadt Städte, Insel Inseln, Schule Schulen, Straße Straßen
body m: Finger Finger, Flügel Flügel
body f: Hand Hände
nature f: Wolke Wolken
nature w: Planet Planeten
plant f: Rose Rosen
plant n: Veilchen Veilchen
""")

# Orange, lila and rosa do not inflect, whatever is heard.
COLOURS = {
    "black": Adjective("schwarz"),
    "white": Adjective("weiß"),
    "grey": Adjective("grau"),
    "red": Adjective("rot"),
    "orange": Adjective("orange", inflects=False),
    "yellow": Adjective("gelb"),
    "green": Adjective("grün"),
    "light blue": Adjective("hellblau"),
    "blue": Adjective("blau"),
    "purple": Adjective("lila", inflects=False),
    "pink": Adjective("rosa", inflects=False),
    "brown": Adjective("braun"),
}
COLOUR_SYNONYMS = {
    "orange": Adjective("orangefarben"),
    "light blue": Adjective("himmelblau"),
    "blue": Adjective("dunkelblau"),
    "purple": Adjective("violett"),
    "pink": Adjective("rosafarben"),
}
EXTRA_COLOURS = {
    "beige": Adjective("beige", inflects=False),
    "türkis": Adjective("türkis", inflects=False),
    "dunkelgrün": Adjective("dunkelgrün"),
    "hellgrün": Adjective("hellgrün"),
    "hellgelb": Adjective("hellgelb"),
    "dunkelrot": Adjective("dunkelrot"),
    "goldgelb": Adjective("goldgelb"),
}
SIZES = {"small": Adjective("klein"), "medium": Adjective("mittelgroß"), "large": Adjective("groß")}
SIZE_SYNONYMS = {"small": Adjective("winzig"), "large": Adjective("riesig")}
QUALITIES = {
    "schön": Adjective("schön"),
    "lecker": Adjective("lecker"),
    "neu": Adjective("neu"),
    "alt": Adjective("alt"),
}
NUMERALS = {2: "zwei", 3: "drei", 4: "vier", 5: "fünf", 6: "sechs"}

ADJECTIVE_TABLES = (COLOURS, COLOUR_SYNONYMS, EXTRA_COLOURS, SIZES, SIZE_SYNONYMS, QUALITIES)


def colour_noun(colour: Adjective) -> str:
    """The colour as a noun: eine Tasse in "Hellblau"."""
    return colour.stem.capitalize()


def noun_tables() -> list[dict[str, Noun]]:
    """All tables of nouns, those of synonyms and diminutives included."""
    tables = [NOUNS, EXTRA]
    for synonyms in (SYNONYMS, FORMAL_SYNONYMS, DIMINUTIVES):
        tables += synonyms.values()
    return tables
