"""The Italian words of the drawn world: nouns and adjectives with all their forms.

All forms are listed, because Italian plurals have no simple rule (parchi but amici, camicie but arance, un uovo but due uova).
"""

import dataclasses

from clip_italian.world.languages import lexicon
from clip_italian.world.languages.language import Names
from clip_italian.world.languages.lexicon import Lexicon, several_nouns
from clip_italian.world.tables import table, words


@dataclasses.dataclass(frozen=True)
class Noun:
    """A noun; `gender` is "m" or "f", and `plural_gender` differs from it for words like uovo.

    `singular` is "" for nouns that have a plural only (occhiali).
    """

    singular: str
    plural: str
    gender: str
    plural_gender: str
    kind: str  # animal, plant, food, thing, person, place, ..., which selects sentences about it

    def form(self, plural: bool) -> str:
        """The form of a number."""
        return self.plural if plural else self.singular

    def gender_of(self, plural: bool) -> str:
        """The gender of the singular or plural, "m" or "f"."""
        return self.plural_gender if plural else self.gender

    def forms(self) -> tuple[str, ...]:
        """All its forms."""
        return tuple(filter(None, (self.singular, self.plural)))


@dataclasses.dataclass(frozen=True)
class Adjective:
    """The four forms of an adjective, some of which may be equal."""

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
    given = forms.split()
    masculine, feminine, masculine_plural, feminine_plural = {
        1: given * 4,
        2: (given[0], given[0], given[-1], given[-1]),
        4: given,
    }[len(given)]
    return Adjective(masculine, feminine, masculine_plural, feminine_plural)


def adjectives(text: str) -> dict[str, Adjective]:
    """Returns adjectives by key, parsed from "key: forms; key: forms"."""
    return {key: four_forms(forms) for key, (forms,) in table(text).items()}


def nouns(text: str) -> dict[str, Noun]:
    """Returns nouns by key. A gender of two letters is that of the singular and that of the plural."""
    return lexicon.nouns(text, _noun)


def _noun(singular: str, plural: str, gender: str, kind: str) -> Noun:
    return Noun(singular, plural, gender[0], gender[-1], kind)


def compound_colour(colour: str, shade: str) -> Adjective:
    """The invariable adjective of a colour with a shade: due sedie "verde scuro"."""
    phrase = f"{colour} {shade}"
    return Adjective(phrase, phrase, phrase, phrase)


QUANTIFIERS = adjectives("""
molto: molto molta molti molte; alcuno: alcuno alcuna alcuni alcune; tutto: tutto tutta tutti tutte;
entrambi: entrambi entrambe entrambi entrambe""")
_ABOVE, _BELOW, _BESIDE = "sopra, al di sopra di", "sotto, al di sotto di", "accanto a, vicino a, di fianco a"
LEXICON: Lexicon[Noun, Adjective] = Lexicon(
    nouns=nouns("""
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
"""),
    synonyms=several_nouns(
        """
animal m: cat micio mici
thing f: chair seggiola seggiole, car macchina macchine, car automobile automobili, bicycle bici bici, clock sveglia sveglie
thing m: plane aeroplano aeroplani
""",
        _noun,
    ),
    formal_synonyms=several_nouns(
        """
animal f: turtle testuggine testuggini
animal m: elephant pachiderma pachidermi
thing f: house abitazione abitazioni, boat imbarcazione imbarcazioni, car automobile automobili, car vettura vetture
thing m: plane aeroplano aeroplani, plane velivolo velivoli, hat copricapo copricapi, book volume volumi
""",
        _noun,
    ),
    # Translations of boxer, sorrel, ray, kite and admiral, which are DeepL's of 2021, and of plant, chair, table, case, vessel,
    # coach, bike, plane, cap, key, watch, cup and pack. Labels that are shared by two classes are in
    # clip_italian/world/publishing/labels.py.
    wrong_senses=nouns("""
thing m: dog pugile pugili, fish raggio raggi, bird aquilone aquiloni, butterfly ammiraglio ammiragli, boat vaso vasi,
    car autobus autobus, plane piano piani, hat tappo tappi, key tasto tasti, backpack branco branchi
thing f: horse acetosa acetose, tree fabbrica fabbriche, chair cattedra cattedre, table tabella tabelle, box valigia valigie,
    bicycle moto moto, clock guardia guardie, cup coppa coppe
"""),
    # A lampadina is a bulb and a libretto a booklet, so they are not here.
    diminutives=several_nouns(
        """
animal m: cat gattino gattini, dog cagnolino cagnolini, horse cavallino cavallini, fish pesciolino pesciolini,
    bird uccellino uccellini, rabbit coniglietto coniglietti, elephant elefantino elefantini
animal f: butterfly farfallina farfalline
plant m: flower fiorellino fiorellini, tree alberello alberelli
fungus m: mushroom funghetto funghetti
thing f: house casetta casette, chair seggiolina seggioline, box scatolina scatoline, boat barchetta barchette,
    cup tazzina tazzine, bottle bottiglietta bottigliette
thing m: table tavolino tavolini, boat barchino barchini, umbrella ombrellino ombrellini, hat cappellino cappellini,
    backpack zainetto zainetti
""",
        _noun,
    ),
    augmentatives=several_nouns(
        """
animal m: cat gattone gattoni
thing m: box scatolone scatoloni, book librone libroni
""",
        _noun,
    ),
    extra=nouns("""
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
"""),
    colours=adjectives("""
black: nero nera neri nere; white: bianco bianca bianchi bianche; grey: grigio grigia grigi grigie;
red: rosso rossa rossi rosse; orange: arancione arancioni; yellow: giallo gialla gialli gialle; green: verde verdi;
light blue: azzurro azzurra azzurri azzurre; blue: blu; purple: viola; pink: rosa; brown: marrone marroni"""),
    colour_synonyms=adjectives("light blue: celeste celesti"),
    extra_colours=adjectives("celeste: celeste celesti; beige: beige; lilla: lilla; fucsia: fucsia; turchese: turchese"),
    sizes=adjectives("small: piccolo piccola piccoli piccole; large: grande grandi"),
    size_synonyms=adjectives("small: minuscolo minuscola minuscoli minuscole; large: enorme enormi"),
    qualities=adjectives("""
bello: bello bella belli belle; buono: buono buona buoni buone; nuovo: nuovo nuova nuovi nuove;
vecchio: vecchio vecchia vecchi vecchie; aperto: aperto aperta aperti aperte; seduto: seduto seduta seduti sedute;
scattato: scattato scattata scattati scattate; isolato: isolato isolata isolati isolate;
raffigurato: raffigurato raffigurata raffigurati raffigurate"""),
    numerals={2: "due", 3: "tre", 4: "quattro", 5: "cinque", 6: "sei"},
    verbs=table("""
animal: dorme dormono, mangia mangiano, gioca giocano, corre corrono;
person: legge leggono, canta cantano, lavora lavorano, sorride sorridono"""),
    class_words=table("""
animal: un animale, animali; plant: una pianta, piante; food: un alimento, alimenti; drink: una bevanda, bevande;
person: una persona, persone; thing: un oggetto, oggetti; place: un luogo, luoghi"""),
    relations=table(f"""
on: su; above: {_ABOVE}; below: {_BELOW}; beside: {_BESIDE}; inside: dentro, in, all'interno di;
left_of: a sinistra di, a sinistra di, alla sinistra di"""),
    inverse_relations=table(f"""
above: {_BELOW}; below: {_ABOVE}; beside: {_BESIDE}; left_of: a destra di, a destra di, alla destra di"""),
    positions=table("""
top: in alto, nella parte alta, nella parte superiore; bottom: in basso, nella parte bassa, nella parte inferiore;
left: a sinistra, sulla sinistra, sul lato sinistro; right: a destra, sulla destra, sul lato destro;
centre: al centro, al centro, nella parte centrale"""),
    grounds=table("""
white: su sfondo bianco, su fondo bianco, su sfondo bianco;
meadow: su un prato, in un prato, sull'erba, in mezzo all'erba;
sky: nel cielo, in cielo, contro il cielo, con il cielo sullo sfondo; sea: in mare, sul mare, con il mare sullo sfondo;
room: in una stanza, all'interno di una stanza; sand: sulla sabbia, su una spiaggia, in spiaggia;
snow: sulla neve, nella neve, in mezzo alla neve; night: di notte, nella notte, al buio"""),
)

NAMES = Names(
    first=words("""Giuseppe, Maria, Giovanni, Anna, Luigi, Francesca, Antonio, Caterina, Carlo, Elena, Alessandro, Lucia, Vincenzo,
        Teresa, Pietro, Margherita, Lorenzo, Chiara, Federico, Silvia"""),
    family=words("""Verdi, Rossini, Bianchi, Ferrari, Russo, Esposito, Colombo, Ricci, Marino, Greco, Gallo, Conti, Mancini, Costa,
        Giordano, Rizzo, Lombardi, Moretti, Barbieri, Fontana"""),
    cities=words("""Milano, Roma, Torino, Napoli, Firenze, Venezia, Bologna, Genova, Palermo, Verona, Trieste, Bari, Catania,
        Perugia, Padova, Cagliari, Siena, Lucca, Parma, Ravenna"""),
    landmarks=words("""Teatro alla Scala, Palazzo Ducale, Ponte Vecchio, Castel Sant'Angelo, Villa Borghese, Mole Antonelliana,
        Castello Sforzesco, Palazzo Pitti, Piazza Navona, Torre degli Asinelli, Basilica di San Marco, Galleria Borghese,
        Palazzo Madama, Reggia di Caserta, Monte Bianco, Lago Maggiore"""),
    foreign=words("""John Smith, Emily Brown, Hans Müller, Greta Schneider, Jean Dupont, Marie Lefèvre, William Clark, Karl Fischer,
        Louis Moreau, Elizabeth Taylor, Wolfgang Weber, Claire Bernard, George Washington"""),
    abroad=words("London, Paris, Berlin, New York, München, Notre Dame, Hyde Park, Westminster Abbey, Wien, Lyon"),
)
# Words that are in no table, for the tagger; the articles and what they fuse with are in grammar.py.
OTHER_WORDS = {
    "DET": "un uno una un' quel quello quell' quei quegli quella quelle qualche ogni",
    "ADP": "di d' a ad da in con su per tra fra sopra sotto accanto vicino dentro davanti dietro contro",
    "CCONJ": "e ed o ma",
    "PRON": "ci c' si che cui quale quali",
    "VERB": "è sono sta stanno trova trovano vede vedono mostra raffigurante ho visto mangiato comprato piace piacciono va vanno",
    "ADV": "più non",
    "ADJ": "alta bassa superiore inferiore centrale sinistro destro medie scuro chiaro veloce bel bell' bei begli buon buon'",
    "NOUN": "disegno illustrazione immagine raffigurazione rappresentazione archivio colore colori dimensioni parte "
    "lato sfondo fondo alto basso sinistra destra centro mezzo fianco interno prato mare stanza sabbia neve notte buio "
    "animale animali pianta piante alimento alimenti bevanda bevande persona persone oggetto oggetti luogo luoghi",
}
