"""The German words of the drawn world: nouns with gender and plural, adjectives by their stems.

Plurals are listed. The other forms follow two rules without exception here: the dative plural has -n, unless the plural ends in
-n or
-s (den Hunden, den Autos), and weak nouns have the form of the plural in all cases of the singular except the nominative (den
Hasen).
"""

import dataclasses
from typing import Literal

from clip_italian.world.languages import lexicon
from clip_italian.world.languages.language import Names
from clip_italian.world.languages.lexicon import Lexicon, several_nouns
from clip_italian.world.tables import table, words

Case = Literal["nom", "acc", "dat"]


@dataclasses.dataclass(frozen=True)
class Noun:
    """A noun; `gender` is "m", "f" or "n"."""

    singular: str
    plural: str
    gender: str
    weak: bool
    kind: str  # animal, plant, food, thing, person, place, ..., which selects sentences about it

    def form(self, plural: bool, case: Case) -> str:
        """The form of a number and case."""
        if plural:
            return self.plural + ("n" if case == "dat" and self.plural[-1] not in "ns" else "")
        return self.plural if self.weak and case != "nom" else self.singular

    def forms(self) -> tuple[str, ...]:
        """All its forms."""
        return tuple(self.form(plural, case) for plural in (False, True) for case in ("nom", "acc", "dat"))

    def agreement(self, plural: bool) -> str:
        """The agreement of articles and adjectives: the gender, or "p" in the plural, which has no genders."""
        return "p" if plural else self.gender


@dataclasses.dataclass(frozen=True)
class Adjective:
    """An adjective by its stem, which is the form after a verb; some adjectives do not inflect."""

    stem: str
    inflects: bool = True

    def form(self, ending: str) -> str:
        """The form before a noun, with an ending."""
        return self.stem + ending if self.inflects else self.stem

    def forms(self) -> tuple[str, ...]:
        """All its forms."""
        return tuple(self.form(ending) for ending in ("", "e", "em", "en", "er", "es"))


def nouns(text: str) -> dict[str, Noun]:
    """Nouns by key; the gender "w" means a weak masculine."""
    return lexicon.nouns(text, _noun)


def _noun(singular: str, plural: str, gender: str, kind: str) -> Noun:
    return Noun(singular, plural, gender.replace("w", "m"), gender == "w", kind)


def adjectives(text: str) -> dict[str, Adjective]:
    """Adjectives by key, from "key: stem; key: stem"; a stem in parentheses does not inflect."""
    return {key: Adjective(stem.strip("()"), not stem.startswith("(")) for key, (stem,) in table(text).items()}


def colour_noun(colour: Adjective) -> str:
    """The colour as a noun: eine Tasse in "Hellblau"."""
    return colour.stem.capitalize()


_ABOVE, _BELOW, _BESIDE = "über, oberhalb von", "unter, unterhalb von", "neben, neben, in der Nähe von"
# Random sentences depend on the order of the nouns.
LEXICON: Lexicon[Noun, Adjective] = Lexicon(
    nouns=nouns("""
animal f: cat Katze Katzen
animal m: dog Hund Hunde
animal n: horse Pferd Pferde
animal f: cow Kuh Kühe
animal m: fish Fisch Fische, bird Vogel Vögel, butterfly Schmetterling Schmetterlinge
animal w: rabbit Hase Hasen
animal f: turtle Schildkröte Schildkröten
animal w: elephant Elefant Elefanten
plant f: flower Blume Blumen
plant m: tree Baum Bäume
fungus m: mushroom Pilz Pilze
food m: apple Apfel Äpfel
food f: banana Banane Bananen
thing n: house Haus Häuser
thing m: chair Stuhl Stühle, table Tisch Tische
thing f: box Schachtel Schachteln
thing n: boat Boot Boote, car Auto Autos, bicycle Fahrrad Fahrräder, plane Flugzeug Flugzeuge
thing m: umbrella Regenschirm Regenschirme, hat Hut Hüte, key Schlüssel Schlüssel, clock Wecker Wecker
thing f: cup Tasse Tassen, lamp Lampe Lampen
thing m: backpack Rucksack Rucksäcke
thing f: guitar Gitarre Gitarren
thing n: book Buch Bücher
thing m: boot Stiefel Stiefel
thing f: bottle Flasche Flaschen
"""),
    synonyms=several_nouns(
        """
animal n: rabbit Kaninchen Kaninchen
animal f: cat Mieze Miezen
thing f: box Kiste Kisten, clock Uhr Uhren
thing m: box Karton Kartons, boat Kahn Kähne, car Wagen Wagen, plane Flieger Flieger, umbrella Schirm Schirme,
    cup Becher Becher
thing n: bicycle Rad Räder
""",
        _noun,
    ),
    formal_synonyms=several_nouns(
        """
animal n: rabbit Kaninchen Kaninchen
animal m: butterfly Falter Falter, elephant Dickhäuter Dickhäuter
thing n: house Gebäude Gebäude, house Wohnhaus Wohnhäuser, boat Wasserfahrzeug Wasserfahrzeuge, car Automobil Automobile
thing m: car Personenwagen Personenwagen, book Band Bände
thing f: hat Kopfbedeckung Kopfbedeckungen, lamp Leuchte Leuchten
""",
        _noun,
    ),
    # Translations of pointer, ray, kite, skipper, chair, case, coach, cap, cup; sorrel; plant, table, plane, key, watch;
    # vessel, bike and pack.
    wrong_senses=nouns("""
thing m: dog Zeiger Zeiger, horse Sauerampfer Sauerampfer, fish Strahl Strahlen, bird Drachen Drachen,
    butterfly Kapitän Kapitäne, chair Lehrstuhl Lehrstühle, box Fall Fälle, car Trainer Trainer, hat Deckel Deckel,
    cup Pokal Pokale
thing f: tree Fabrik Fabriken, table Tabelle Tabellen, plane Ebene Ebenen, key Taste Tasten, clock Wache Wachen
thing n: boat Gefäß Gefäße, bicycle Motorrad Motorräder, backpack Rudel Rudel
"""),
    # Brötchen and Hörnchen mean other things.
    diminutives=several_nouns(
        """
animal n: cat Kätzchen Kätzchen, dog Hündchen Hündchen, horse Pferdchen Pferdchen, fish Fischlein Fischlein,
    bird Vögelchen Vögelchen, rabbit Häschen Häschen
plant n: flower Blümchen Blümchen, tree Bäumchen Bäumchen
thing n: house Häuschen Häuschen, chair Stühlchen Stühlchen, table Tischchen Tischchen, box Schächtelchen Schächtelchen,
    hat Hütchen Hütchen, cup Tässchen Tässchen, lamp Lämpchen Lämpchen, bottle Fläschchen Fläschchen
""",
        _noun,
    ),
    augmentatives={},
    extra=nouns("""
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
"""),
    colours=adjectives("""
black: schwarz; white: weiß; grey: grau; red: rot; orange: (orange); yellow: gelb; green: grün; light blue: hellblau; blue: blau;
purple: (lila); pink: (rosa); brown: braun"""),
    colour_synonyms=adjectives("""
orange: orangefarben; light blue: himmelblau; blue: dunkelblau; purple: violett; pink: rosafarben"""),
    extra_colours=adjectives("""
beige: (beige); türkis: (türkis); dunkelgrün: dunkelgrün; hellgrün: hellgrün; hellgelb: hellgelb; dunkelrot: dunkelrot;
goldgelb: goldgelb"""),
    sizes=adjectives("small: klein; medium: mittelgroß; large: groß"),
    size_synonyms=adjectives("small: winzig; large: riesig"),
    qualities=adjectives("schön: schön; lecker: lecker; neu: neu; alt: alt"),
    numerals={2: "zwei", 3: "drei", 4: "vier", 5: "fünf", 6: "sechs"},
    verbs=table("""
animal: schläft schlafen, frisst fressen, spielt spielen, läuft laufen;
person: liest lesen, singt singen, arbeitet arbeiten, lächelt lächeln"""),
    class_words=table("""
animal: ein Tier, Tiere; plant: eine Pflanze, Pflanzen; food: ein Lebensmittel, Lebensmittel; drink: ein Getränk, Getränke;
person: ein Mensch, Menschen; thing: ein Gegenstand, Gegenstände; place: ein Ort, Orte"""),
    # All with the dative.
    relations=table(f"""
on: auf; above: {_ABOVE}; below: {_BELOW}; beside: {_BESIDE}; inside: in, in, im Inneren von;
left_of: links von, links von, zur Linken von"""),
    inverse_relations=table(f"""
above: {_BELOW}; below: {_ABOVE}; beside: {_BESIDE}; left_of: rechts von, rechts von, zur Rechten von"""),
    positions=table("""
top: oben, im oberen Teil, im oberen Bereich; bottom: unten, im unteren Teil, im unteren Bereich;
left: links, auf der linken Seite, im linken Teil; right: rechts, auf der rechten Seite, im rechten Teil;
centre: in der Mitte, in der Mitte, im mittleren Teil"""),
    grounds=table("""
white: auf weißem Hintergrund, vor weißem Hintergrund, auf weißem Grund;
meadow: auf einer Wiese, im Gras, auf dem Gras, mitten im Gras;
sky: am Himmel, am Himmel, vor dem Himmel, mit dem Himmel im Hintergrund;
sea: auf dem Meer, im Meer, mit dem Meer im Hintergrund; room: in einem Zimmer, in einem Raum;
sand: auf dem Sand, im Sand, am Strand; snow: im Schnee, auf dem Schnee, mitten im Schnee;
night: bei Nacht, in der Nacht, im Dunkeln"""),
)

# No family name is a word of the lexicon: Koch and Braun would be.
NAMES = Names(
    first=words("""Hans, Anna, Karl, Maria, Friedrich, Elisabeth, Wilhelm, Johanna, Heinrich, Charlotte, Otto, Clara, Ludwig, Käthe,
        Georg, Margarete, Ernst, Sophie, Johannes, Helene"""),
    family=words("""Müller, Schmidt, Schneider, Fischer, Weber, Wagner, Becker, Schulz, Hoffmann, Richter, Krüger, Hartmann,
        Lehmann, Köhler, Zimmermann, Brandt, Vogt, Sommer, Winkler, Lorenz"""),
    cities=words("""Berlin, Hamburg, München, Köln, Frankfurt, Stuttgart, Leipzig, Dresden, Bremen, Hannover, Nürnberg, Wien,
        Zürich, Salzburg, Graz, Basel, Weimar, Lübeck, Heidelberg, Potsdam"""),
    landmarks=words("""Kölner Dom, Brandenburger Tor, Schloss Neuschwanstein, Frauenkirche, Semperoper, Reichstag, Museumsinsel,
        Schloss Sanssouci, Wartburg, Zwinger, Schloss Schönbrunn, Stephansdom, Hofburg, Thomaskirche, Zugspitze, Bodensee"""),
    foreign=words("""John Smith, Emily Brown, Mario Rossi, Giulia Bianchi, Jean Dupont, Marie Lefèvre, William Clark,
        Luigi Esposito, Louis Moreau, Elizabeth Taylor, Francesca Ricci, Claire Bernard, George Washington"""),
    abroad=words("London, Paris, Roma, New York, Milano, Notre Dame, Hyde Park, Westminster Abbey, Firenze, Lyon"),
)
# Words that are in no table, for the tagger; articles and the like are in grammar.py.
OTHER_WORDS = {
    "DET": "paar beiden kein keine keinen keinem keiner welche",
    "ADP": "an auf bei in mit neben oberhalb über unter unterhalb von vor zu",
    "CCONJ": "und als",
    "PRON": "es man sich ich das",
    "VERB": "ist sind befindet befinden gibt sieht sehen zeigt habe hat haben gesehen gegessen gekauft gefällt gefallen gehört "
    "gehören geht gehen",
    "ADV": "da darin links rechts oben unten mitten",
    "ADJ": "abgebildet freigestellt weißem linken rechten oberen unteren mittleren größer schneller",
    "NOUN": "Zeichnung Illustration Bild Foto Farbbild Darstellung Abbildung Archivbild Gruppe Paar Nähe Inneren Linken "
    "Rechten Seite Teil Bereich Mitte Hintergrund Grund Wiese Gras Himmel Meer Zimmer Raum Sand Strand Schnee Nacht Dunkeln "
    "Farbe Tier Tiere Pflanze Pflanzen Lebensmittel Getränk Getränke Mensch Menschen Gegenstand Gegenstände Ort Orte",
}
