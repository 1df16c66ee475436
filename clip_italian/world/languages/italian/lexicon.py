"""The words of the drawn world: every Italian noun and adjective with all its forms.

Forms are listed and never derived, because Italian plurals follow no rule that a list does not beat
(parchi but amici, camicie but arance, un uovo but due uova).
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Noun:
    """A noun; `gender` is "m" or "f", and `plural_gender` differs from it for words like uovo.

    `singular` is "" for nouns that have a plural only (occhiali).
    """

    singular: str
    plural: str
    gender: str
    plural_gender: str
    kind: str  # animal, plant, food, thing, person, place ...: what sentences may say of it

    def form(self, plural: bool) -> str:
        """The word itself."""
        return self.plural if plural else self.singular

    def gender_of(self, plural: bool) -> str:
        """Grammatical gender of that form, "m" or "f"."""
        return self.plural_gender if plural else self.gender


@dataclasses.dataclass(frozen=True)
class Adjective:
    """An adjective's four forms; equal forms mean that it does not vary in that direction."""

    masculine: str
    feminine: str
    masculine_plural: str
    feminine_plural: str

    def form(self, gender: str, plural: bool) -> str:
        """The form that agrees with `gender` ("m" or "f") and number."""
        if gender == "m":
            return self.masculine_plural if plural else self.masculine
        return self.feminine_plural if plural else self.feminine

    def forms(self) -> tuple[str, str, str, str]:
        """All four forms, singular first."""
        return self.masculine, self.feminine, self.masculine_plural, self.feminine_plural


def four_forms(forms: str) -> Adjective:
    """An adjective from "nero nera neri nere", from "verde verdi" (two forms) or from "blu" (invariable)."""
    words = forms.split()
    masculine, feminine, masculine_plural, feminine_plural = {
        1: words * 4,
        2: (words[0], words[0], words[-1], words[-1]),
        4: words,
    }[len(words)]
    return Adjective(masculine, feminine, masculine_plural, feminine_plural)


def _nouns(table: str) -> dict[str, Noun]:
    """Nouns by singular (by plural where there is no singular).

    A row of `table` is "kind gender: singular plural, singular plural, ..." and may go on in an indented line; two
    letters for the gender are those of singular and plural.
    """
    nouns = {}
    for row in table.strip().replace("\n    ", " ").splitlines():
        kind_and_genders, _, forms = row.partition(":")
        kind, genders = kind_and_genders.split()
        for entry in forms.split(","):
            *key, singular, plural = entry.split()
            singular = "" if singular == "-" else singular
            nouns[key[0] if key else singular or plural] = Noun(singular, plural, genders[0], genders[-1], kind)
    return nouns


# The keys of statements.NOUNS.
NOUNS = _nouns("""
animal m: cat gatto gatti, dog cane cani, horse cavallo cavalli, fish pesce pesci, bird uccello uccelli,
    rabbit coniglio conigli, elephant elefante elefanti
animal f: cow mucca mucche, butterfly farfalla farfalle, turtle tartaruga tartarughe
plant m: flower fiore fiori, tree albero alberi
fungus m: mushroom fungo funghi
food f: apple mela mele, banana banana banane
thing f: house casa case, chair sedia sedie, box scatola scatole, boat barca barche, car auto auto,
    bicycle bicicletta biciclette, key chiave chiavi, cup tazza tazze, lamp lampada lampade, guitar chitarra chitarre,
    bottle bottiglia bottiglie
thing m: table tavolo tavoli, plane aereo aerei, umbrella ombrello ombrelli, hat cappello cappelli, clock orologio orologi,
    backpack zaino zaini, book libro libri, boot stivale stivali
""")

# Other words for the same thing, by the noun that they may stand for: the everyday ones and the written ones.
SYNONYMS = {
    "cat": _nouns("animal m: micio mici"),
    "chair": _nouns("thing f: seggiola seggiole"),
    "car": _nouns("thing f: macchina macchine, automobile automobili"),
    "bicycle": _nouns("thing f: bici bici"),
    "plane": _nouns("thing m: aeroplano aeroplani"),
    "clock": _nouns("thing f: sveglia sveglie"),
}
FORMAL_SYNONYMS = {
    "turtle": _nouns("animal f: testuggine testuggini"),
    "elephant": _nouns("animal m: pachiderma pachidermi"),
    "house": _nouns("thing f: abitazione abitazioni"),
    "boat": _nouns("thing f: imbarcazione imbarcazioni"),
    "car": _nouns("thing f: automobile automobili, vettura vetture"),
    "plane": _nouns("thing m: aeroplano aeroplani, velivolo velivoli"),
    "hat": _nouns("thing m: copricapo copricapi"),
    "book": _nouns("thing m: volume volumi"),
}

# One word for a small one and for a big one, where Italian has it with the same meaning
# (a lampadina is a bulb and a libretto a booklet, so they are not here).
DIMINUTIVES = {
    "cat": _nouns("animal m: gattino gattini"),
    "dog": _nouns("animal m: cagnolino cagnolini"),
    "horse": _nouns("animal m: cavallino cavallini"),
    "fish": _nouns("animal m: pesciolino pesciolini"),
    "bird": _nouns("animal m: uccellino uccellini"),
    "butterfly": _nouns("animal f: farfallina farfalline"),
    "rabbit": _nouns("animal m: coniglietto coniglietti"),
    "elephant": _nouns("animal m: elefantino elefantini"),
    "flower": _nouns("plant m: fiorellino fiorellini"),
    "tree": _nouns("plant m: alberello alberelli"),
    "mushroom": _nouns("fungus m: funghetto funghetti"),
    "house": _nouns("thing f: casetta casette"),
    "chair": _nouns("thing f: seggiolina seggioline"),
    "table": _nouns("thing m: tavolino tavolini"),
    "box": _nouns("thing f: scatolina scatoline"),
    "boat": _nouns("thing f: barchetta barchette\nthing m: barchino barchini"),
    "umbrella": _nouns("thing m: ombrellino ombrellini"),
    "hat": _nouns("thing m: cappellino cappellini"),
    "cup": _nouns("thing f: tazzina tazzine"),
    "backpack": _nouns("thing m: zainetto zainetti"),
    "bottle": _nouns("thing f: bottiglietta bottigliette"),
}
AUGMENTATIVES = {
    "cat": _nouns("animal m: gattone gattoni"),
    "box": _nouns("thing m: scatolone scatoloni"),
    "book": _nouns("thing m: librone libroni"),
}

# Nouns that are written about and never drawn: the Italian BERT's text and the grammar's tests use them.
EXTRA = _nouns("""
animal m: scoiattolo scoiattoli, drago draghi, bue buoi, panda panda, koala koala, gorilla gorilla, leone leoni,
    orso orsi, lupo lupi, topo topi
person m: gnomo gnomi, psicologo psicologi, cuoco cuochi, amico amici, medico medici, zio zii, uomo uomini,
    bambino bambini, pittore pittori
thing m: xilofono xilofoni, yacht yacht, sasso sassi, autobus autobus, robot robot, computer
    computer, - occhiali
animal f: ape api, iena iene, oca oche, tigre tigri, volpe volpi, scimmia scimmie
food f: arancia arance, ciliegia ciliegie, torta torte, pera pere
place m: hotel hotel, parco parchi, ponte ponti
person f: amica amiche, zia zie, donna donne, bambina bambine, maestra maestre
food m: asparago asparagi, gelato gelati, stufato stufati, pane pani, limone limoni, pomodoro
    pomodori
thing f: camicia camicie, valigia valigie, freccia frecce, moto moto, foto foto, - forbici,
    rivista riviste, bandiera bandiere, scarpa scarpe
place f: spiaggia spiagge, città città, isola isole, montagna montagne, scuola scuole, strada strade
food mf: uovo uova
body mf: dito dita
body f: mano mani, ala ali
measure m: gruppo gruppi
measure f: coppia coppie
measure mf: paio paia
nature m: cielo cieli, pianeta pianeti
drink m: caffè caffè
plant f: rosa rose, viola viole, erba erbe
""")

COLOURS = {
    "black": four_forms("nero nera neri nere"),
    "white": four_forms("bianco bianca bianchi bianche"),
    "grey": four_forms("grigio grigia grigi grigie"),
    "red": four_forms("rosso rossa rossi rosse"),
    "orange": four_forms("arancione arancioni"),
    "yellow": four_forms("giallo gialla gialli gialle"),
    "green": four_forms("verde verdi"),
    "light blue": four_forms("azzurro azzurra azzurri azzurre"),
    "blue": four_forms("blu"),
    "purple": four_forms("viola"),
    "pink": four_forms("rosa"),
    "brown": four_forms("marrone marroni"),
}
COLOUR_SYNONYMS = {"light blue": four_forms("celeste celesti")}
EXTRA_COLOURS = {
    "celeste": four_forms("celeste celesti"),
    "beige": four_forms("beige"),
    "lilla": four_forms("lilla"),
    "fucsia": four_forms("fucsia"),
    "turchese": four_forms("turchese"),
}
SIZES = {
    "small": four_forms("piccolo piccola piccoli piccole"),
    "large": four_forms("grande grandi"),
}
SIZE_SYNONYMS = {
    "small": four_forms("minuscolo minuscola minuscoli minuscole"),
    "large": four_forms("enorme enormi"),
}
QUALITIES = {
    "bello": four_forms("bello bella belli belle"),
    "buono": four_forms("buono buona buoni buone"),
    "nuovo": four_forms("nuovo nuova nuovi nuove"),
    "vecchio": four_forms("vecchio vecchia vecchi vecchie"),
    "aperto": four_forms("aperto aperta aperti aperte"),
    "seduto": four_forms("seduto seduta seduti sedute"),
    "scattato": four_forms("scattato scattata scattati scattate"),
    "isolato": four_forms("isolato isolata isolati isolate"),
    "raffigurato": four_forms("raffigurato raffigurata raffigurati raffigurate"),
}
QUANTIFIERS = {
    "molto": four_forms("molto molta molti molte"),
    "alcuno": four_forms("alcuno alcuna alcuni alcune"),
    "tutto": four_forms("tutto tutta tutti tutte"),
    "entrambi": four_forms("entrambi entrambe entrambi entrambe"),
}
NUMERALS = {2: "due", 3: "tre", 4: "quattro", 5: "cinque", 6: "sei"}


def compound_colour(colour: str, shade: str) -> Adjective:
    """The invariable adjective of a colour with a shade: due sedie "verde scuro"."""
    phrase = f"{colour} {shade}"
    return Adjective(phrase, phrase, phrase, phrase)


ADJECTIVE_TABLES = (COLOURS, COLOUR_SYNONYMS, EXTRA_COLOURS, SIZES, SIZE_SYNONYMS, QUALITIES)


def noun_tables() -> list[dict[str, Noun]]:
    """All tables of nouns, those of synonyms and diminutives included."""
    tables = [NOUNS, EXTRA]
    for synonyms in (SYNONYMS, FORMAL_SYNONYMS, DIMINUTIVES, AUGMENTATIVES):
        tables += synonyms.values()
    return tables
