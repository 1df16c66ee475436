"""The texts of the demo, in Italian and in English."""

import html
import pathlib
from typing import NamedTuple

from clip_italian import files, paths
from clip_italian.use.demo.core import Refused


class Words(NamedTuple):
    """The texts in one language; fields that end in `_md` are Markdown."""

    head_md: str
    drawn_md: str  # shown with the model that ships
    search: str  # the tabs
    classify: str
    localise: str
    gallery: str
    about: str
    search_md: str  # what each tab is for
    classify_md: str
    localise_md: str
    gallery_md: str
    about_md: str
    query: str
    query_hint: str
    how_many: str
    search_button: str
    found: str
    picture: str
    picture_hint: str
    examples: str
    labels: str
    classify_button: str
    probabilities: str
    what: str
    what_hint: str
    localise_button: str
    windows: str
    relevance: str
    figure: str
    gone: str
    pictures_md: str  # how many there are
    right_md: str  # how many of the study's gallery are right
    no_results_md: str
    decimal: str
    refusals: dict[str, str]

    def score(self, value: float) -> str:
        """A cosine with three decimals."""
        return f"{value:.3f}".replace(".", self.decimal)

    def refusal(self, refused: Refused) -> str:
        """The reason for a refusal and what to do, escaped for HTML."""
        facts = {name: f"{fact:,}" if isinstance(fact, int) else html.escape(fact) for name, fact in refused.facts.items()}
        return self.refusals[refused.reason].format(**facts)


ITALIAN = Words(
    head_md="# CLIP-Italian\nImmagini e parole italiane in un solo spazio: cerca, riconosci, localizza.",
    drawn_md="**Questo modello in miniatura conosce soltanto il mondo disegnato** su cui è stato addestrato: disegni semplici di "
    "30 cose in 12 colori. Di fotografie non sa nulla, e sbaglia anche sui disegni. Un altro modello si sceglie con `--model`.",
    search="Dal testo all'immagine",
    classify="Dall'immagine al testo",
    localise="Dov'è?",
    gallery="Galleria",
    about="Il progetto",
    search_md="Scrivi che cosa si deve vedere: compaiono le immagini più vicine al testo, ognuna con il suo coseno.",
    classify_md="Carica un'immagine e scrivi alcune didascalie, una per riga: il modello dice quanto è probabile ognuna fra tutte.",
    localise_md="Carica un'immagine e scrivi che cosa cercare: resta a colori la parte che più somiglia al testo.",
    gallery_md="Le sei richieste della galleria di CLIP-Italian (2021), con le prime quattro immagini per ciascuna.",
    about_md="""### Che cos'è
CLIP-Italian (2021) è un modello contrastivo di immagini e testi per l'italiano. Questo progetto lo riproduce per intero: un solo
comando porta dai dati grezzi all'articolo, in piccolo e senza rete, su un *mondo disegnato* in cui si sa di ogni frase se è vera.

Né le immagini né i testi lasciano la macchina su cui gira questa pagina; le immagini caricate si cancellano dopo un'ora.

### Risultati sul mondo disegnato
Per cento, media su tre semi, fra parentesi gli intervalli al 95 %. Non si possono confrontare con i numeri pubblicati nel 2021. La
tabella e la figura sono quelle dell'articolo, in inglese.""",
    query="Che cosa cerchi?",
    query_hint="due cavalli marroni",
    how_many="Quante immagini",
    search_button="Cerca",
    found="Immagini trovate",
    picture="Immagine",
    picture_hint="# Trascina qui un'immagine\noppure premi per sceglierla\nJPEG, PNG, WebP o GIF, fino a 12 MB",
    examples="Esempi",
    labels="Didascalie, una per riga",
    classify_button="Confronta",
    probabilities="Probabilità",
    what="Che cosa cerchi nell'immagine?",
    what_hint="un gatto",
    localise_button="Trova",
    windows="Metodo a finestre (2021)",
    relevance="Metodo del gradiente",
    figure="I modelli a confronto, un punto per seme",
    gone="il file non c'è più",
    pictures_md="Si cerca fra {count} immagini.",
    right_md="Nella galleria dello studio {true} immagini su {shown} sono giuste.",
    no_results_md="*Qui mancano i risultati: li scrive `make repro`.*",
    decimal=",",
    refusals={
        "empty text": "Il testo è vuoto: scrivi che cosa si deve vedere, per esempio “due cavalli marroni”.",
        "long text": "Il testo ha {count} caratteri e ne sono ammessi al massimo {most}: dillo in una frase.",
        "few labels": "Servono almeno due didascalie, una per riga: una probabilità è una scelta fra più cose.",
        "many labels": "Le didascalie sono {count} e ne sono ammesse al massimo {most}: togline alcune.",
        "repeated label": "La didascalia “{label}” c'è due volte: togline una.",
        "no picture": "Manca l'immagine: caricane una, o scegli un esempio.",
        "empty file": "Il file è vuoto: scegline un altro.",
        "file too large": "Il file è troppo grande: al massimo {most} MB. Salvalo più piccolo.",
        "format not allowed": "Il file non è un'immagine JPEG, PNG, WebP o GIF: salvala in uno di questi formati.",
        "a web page, not an image": "Il file è una pagina web e non un'immagine: salva l'immagine stessa.",
        "too many pixels": "L'immagine ha troppi pixel: al massimo {pixels} milioni. Salvala più piccola.",
        "too small": "L'immagine è troppo piccola: servono almeno 8 pixel per lato.",
        "too elongated": "L'immagine è troppo allungata: un lato può essere al massimo 20 volte l'altro. Ritagliala.",
        "damaged image": "L'immagine è danneggiata e non si può leggere: scegline un'altra.",
        "too many scans": "Questo JPEG è fatto in modo insolito e non si legge in breve tempo: salvalo di nuovo.",
    },
)

ENGLISH = Words(
    head_md="# CLIP-Italian\nImages and Italian texts in one space: search, classify, localise.",
    drawn_md="**This miniature model knows only the drawn world** that it was trained on: simple drawings of 30 things in 12 "
    "colours. It knows nothing of photographs, and errs on drawings too. Ask it in Italian. Another model is chosen by `--model`.",
    search="Text to image",
    classify="Image to text",
    localise="Where is it?",
    gallery="Gallery",
    about="The project",
    search_md="Describe in Italian what you are looking for: the pictures nearest to the text appear, each with its cosine.",
    classify_md="Upload a picture and write captions in Italian, one a line: the model gives each a share of 100 %.",
    localise_md="Upload a picture and write in Italian what to look for: the part most similar to the text keeps its colours.",
    gallery_md="The six queries of CLIP-Italian's gallery (2021), with the first four pictures of each.",
    about_md="""### What it is
CLIP-Italian (2021) is a contrastive image-text model for Italian. This project reproduces it as a whole: one command leads from raw
data to the paper, in miniature and offline, on a *drawn world* in which it is known of every sentence whether it is true.

Neither pictures nor texts leave the machine that this page runs on; uploaded pictures are deleted after an hour.

### Results on the drawn world
Per cent, mean over three seeds, 95 % intervals in brackets. They cannot be compared with the numbers published in 2021.""",
    query="What are you looking for?",
    query_hint="due cavalli marroni",
    how_many="How many pictures",
    search_button="Search",
    found="Pictures found",
    picture="Picture",
    picture_hint="# Drop a picture here\nor click to choose one\nJPEG, PNG, WebP or GIF, up to 12 MB",
    examples="Examples",
    labels="Captions in Italian, one a line",
    classify_button="Compare",
    probabilities="Probability",
    what="What are you looking for in the picture?",
    what_hint="un gatto",
    localise_button="Find",
    windows="Window method (2021)",
    relevance="Gradient method",
    figure="The models compared, a point for each seed",
    gone="the file has gone",
    pictures_md="{count} pictures are searched.",
    right_md="In the study's gallery {true} pictures of {shown} are right.",
    no_results_md="*The results are missing here: `make repro` writes them.*",
    decimal=".",
    refusals={
        "empty text": "The text is empty: write what is to be seen, such as “due cavalli marroni”.",
        "long text": "The text has {count} characters, and at most {most} are taken: say it in a sentence.",
        "few labels": "At least two captions are needed, one a line: a probability is a choice among several.",
        "many labels": "There are {count} captions, and at most {most} are taken: leave some out.",
        "repeated label": "The caption “{label}” is there twice: leave one out.",
        "no picture": "There is no picture: upload one, or choose an example.",
        "empty file": "The file is empty: choose another.",
        "file too large": "The file is too large: at most {most} MB. Save it smaller.",
        "format not allowed": "The file is no JPEG, PNG, WebP or GIF picture: save it as one of these.",
        "a web page, not an image": "The file is a web page, not a picture: save the picture itself.",
        "too many pixels": "The picture has too many pixels: at most {pixels} million. Save it smaller.",
        "too small": "The picture is too small: at least 8 pixels a side are needed.",
        "too elongated": "The picture is too elongated: one side may be at most 20 times the other. Crop it.",
        "damaged image": "The picture is damaged and cannot be read: choose another.",
        "too many scans": "This JPEG is made in an unusual way and cannot be read in short time: save it again.",
    },
)

LANGUAGES = {"Italiano": ITALIAN, "English": ENGLISH}


# Results of the study, shown on the page about the project.
TABLE = paths.TABLES / "readme.md"
GALLERY = paths.TABLES / "gallery.json"
FIGURE = paths.FIGURES / "overview.png"


def about_text(words: Words, images: int, root: pathlib.Path = pathlib.Path()) -> str:
    """The description and the results of the project, in Markdown; says so if results are missing below `root`."""
    table, gallery = root / TABLE, root / GALLERY
    parts = [words.about_md, table.read_text() if table.is_file() else words.no_results_md]
    if gallery.is_file():
        true, shown = (cell["value"] for cell in files.read_json(gallery)["rows"][-1]["cells"])  # the last row is all together
        parts.append(words.right_md.format(true=true, shown=shown))
    return "\n\n".join([*parts, words.pictures_md.format(count=images)])
