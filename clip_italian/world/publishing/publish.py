"""Writes drawn scenes in the formats of the four sources, with the defects of data from the web.

Each source has a fixed, small number of rows in foreign languages, captions of proper nouns, missing, damaged and repeated images,
and unreadable lines, so that curation is tested as with the real sources.
"""

import csv
import gzip
import io
import json
import pathlib
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import simplejpeg
from PIL import Image

from clip_italian.config import Settings
from clip_italian.data.archives import add
from clip_italian.data.sources.rows import member_of
from clip_italian.data.sources.wit import WIT_COLUMNS
from clip_italian.world.drawing.studio import ImageFile, StudioSettings, develop, rng_of, shuffled
from clip_italian.world.languages import corpus, english
from clip_italian.world.languages.language import Language, Pages
from clip_italian.world.languages.names import foreign_caption, proper_noun_caption
from clip_italian.world.scenes.compose import compose
from clip_italian.world.scenes.statements import Statement
from clip_italian.world.scenes.truth import describe

PURPOSES = {"wit": 1, "mscoco_it": 2, "conceptual_captions": 3, "il_post": 4}
TONES = {"wit": "encyclopaedic", "mscoco_it": "photo", "conceptual_captions": "alt", "il_post": "news"}
HTML = b"<!DOCTYPE html><html><head><title>404 Not Found</title></head><body>Not Found</body></html>"
DECOMPOSED_EVERY = 40  # every n-th caption is in NFD, like texts from some systems
VALIDATED_SHARE = 0.1  # of MSCOCO-IT's images; in the file of validated ones some ids are strings
TRANSLATED = 100  # added to a purpose, which separates the random numbers of translations


class Entry(NamedTuple):
    """An image with its captions and their English translations."""

    image: ImageFile
    captions: list[str]
    english: list[str]


class SourceSettings(Settings):
    """Keys `wit`, `mscoco_it`, `conceptual_captions` and `il_post` of section `world`: numbers of rows by kind."""

    drawn: int  # rows with an image and a caption of it
    captions: int  # of each image
    names: int  # rows whose caption is proper nouns only
    foreign: int  # rows in foreign languages
    missing: int  # rows whose image is not in the archive
    repeated: int  # second copies of rows
    copied: int  # second copies of an image and its caption, encoded again, at another address
    damaged: int  # rows whose image cannot be decoded


def entries(
    numbers: range, source: str, seed: int, settings: SourceSettings, studio: StudioSettings, language: Language
) -> list[Entry]:
    """Images of training scenes with captions in the tone of the source."""
    return [_entry(number, source, seed, settings.captions, studio, language) for number in numbers]


def _entry(number: int, source: str, seed: int, count: int, studio: StudioSettings, language: Language) -> Entry:
    scene = compose(seed, number, "seen", PURPOSES[source])
    rng = rng_of(seed, PURPOSES[source], number)
    statements, wordings = [], []
    for _ in range(count):
        statements.append(describe(scene, rng))
        wordings.append(language.say(statements[-1], TONES[source], rng))
    return Entry(develop(scene, studio), wordings, translations(statements, seed, PURPOSES[source], number))


def translations(statements: Sequence[Statement], seed: int, purpose: int, number: int) -> list[str]:
    """The statements in English, as translations of the captions with the same purpose and number."""
    rng = rng_of(seed, TRANSLATED + purpose, number)
    return [english.say_english(statement, rng) for statement in statements]


def in_english(source: str, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language) -> dict[str, str]:
    """The English translations by caption of a source."""
    named = {caption: caption for caption in (name(source, seed, number, language) for number in range(settings.names))}
    return named | {caption: english for entry in drawn for caption, english in zip(entry.captions, entry.english, strict=True)}


def damaged(content: bytes, number: int) -> bytes:
    """The content of a damaged image: its first half, a web page, or nothing."""
    return (content[: len(content) // 2], HTML, b"")[number % 3]


def encoded_again(content: bytes) -> bytes:
    """The image enlarged by a quarter and encoded again, like a copy on another site."""
    with Image.open(io.BytesIO(content)) as image:
        larger = image.convert("RGB").resize((image.width * 5 // 4, image.height * 5 // 4), Image.Resampling.BICUBIC)
    return simplejpeg.encode_jpeg(np.asarray(larger), 80)


def address(source: str, kind: str, number: int) -> str:
    """The address of an image; the domain .example is reserved (RFC 2606)."""
    return f"https://{source.replace('_', '-')}.example/{kind}/{number:06d}.jpg"


def plan(source: str, seed: int, settings: SourceSettings) -> list[tuple[str, int]]:
    """The rows of a source in the order of its file: (kind, number within the kind)."""
    kinds = ("drawn", "names", "foreign", "missing", "repeated", "copied", "damaged")
    rows = [(kind, number) for kind in kinds for number in range(getattr(settings, kind))]
    return shuffled(rows, seed, PURPOSES[source])


def name(source: str, seed: int, number: int, language: Language) -> str:
    """A caption of proper nouns, which is the same in all languages."""
    return proper_noun_caption(language.names, rng_of(seed + 1, PURPOSES[source], number))


class Post(NamedTuple):
    """A row of a source with addresses of images."""

    kind: str
    language: str
    address: str
    image: bytes | None  # None if it is missing
    caption: str
    english: str


def posts(source: str, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language) -> Iterator[Post]:
    """Yields the rows of a source in the order of its file."""
    for kind, number in plan(source, seed, settings):
        rng = rng_of(seed + 1, PURPOSES[source], number)
        url, code = address(source, "drawn" if kind == "repeated" else kind, number), language.code
        image, [caption, *_], [in_english, *_] = drawn[number % len(drawn)]
        content: bytes | None = None
        if kind == "drawn" or kind == "names":
            content = image.content
        elif kind == "copied":
            content = encoded_again(image.content)
        elif kind == "damaged":
            content = damaged(image.content, number)
        if kind == "names":
            caption = in_english = name(source, seed, number, language)
        elif kind == "foreign":
            code = language.foreign[number % len(language.foreign)]
            caption = in_english = foreign_caption(corpus.any_statement(rng), code, rng)
        elif kind == "missing":
            statement = corpus.any_statement(rng)
            caption = language.say(statement, TONES[source], rng)
            [in_english] = translations([statement], seed + 1, PURPOSES[source], number)
        decomposed = kind == "drawn" and number % DECOMPOSED_EVERY == 0
        yield Post(kind, code, url, content, unicodedata.normalize("NFD", caption) if decomposed else caption, in_english)


def write_posts(
    folder: pathlib.Path, source: str, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language
) -> tuple[list[Post], Counter[str]]:
    """Writes a source's `images.zip`; returns the rows and their numbers by kind."""
    rows = list(posts(source, seed, settings, drawn, language))
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for post in rows:
            if post.image is not None:
                add(archive, member_of(post.address), post.image)
    return rows, Counter(post.kind for post in rows)


def from_english(source: str, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language) -> dict[str, str]:
    """The caption of each English caption of a source; the first one, if there are several."""
    table: dict[str, str] = {}
    for post in posts(source, seed, settings, drawn, language):
        table.setdefault(post.english, post.caption)
    return table


def write_wit(folder: pathlib.Path, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language) -> Counter[str]:
    """Writes WIT's TSV and archive; returns the number of rows of each kind."""
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    table.writerow(WIT_COLUMNS)
    rows, counts = write_posts(folder, "wit", seed, settings, drawn, language)
    table.writerows(_wit_row(number, post, language.pages) for number, post in enumerate(rows, start=1))
    broken = _broken_wit_lines(language)
    content = text.getvalue().encode() + b"".join(broken)
    counts["broken"] = len(broken)
    write_gzip(folder / "wit_v1.train.all-00000-of-00001.tsv.gz", content)
    return counts


def _wit_row(number: int, post: Post, pages: Pages) -> list[str | int]:
    page, title = f"https://{post.language}.wikipedia.example/wiki/{number}", f"{pages.page} {number}"
    context = f"{title}.\n{pages.context}" if number % 3 == 0 else f"{title}."
    about = [post.language, page, post.address, title, "", title, post.caption]
    return [*about, f"{pages.figure} {number}.jpg", "", "image/jpeg", 64, 64, "true", "true", "false", context, ""]


def _broken_wit_lines(language: Language) -> tuple[bytes, ...]:
    code, sound = language.code.encode(), language.pages.sound.encode()
    start = code + b"\thttps://" + code + b".wikipedia.example/wiki/x\thttps://wit.example/broken/x.jpg\tx\t\tx\t"
    end = b"\t\t\timage/jpeg\t64\t64\ttrue\ttrue\tfalse\t\t\n"
    return (
        start + language.pages.latin.encode("latin-1") + end,
        start + b'"' + sound + end,  # an unclosed quote
        start + b"\x00 ".join(sound.rsplit(b" ", 1)) + end,
        start + b"   " + end,
        start + sound + b"\n",  # the later columns are missing
    )


def write_conceptual_captions(
    folder: pathlib.Path, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language
) -> Counter[str]:
    """Writes the TSV of English captions and addresses and the archive; returns the number of rows of each kind."""
    rows, counts = write_posts(folder, "conceptual_captions", seed, settings, drawn, language)
    lines = (f"{post.english}\t{post.address}".encode() + (b"\r\n" if post.kind == "copied" else b"\n") for post in rows)
    first = address("conceptual_captions", "drawn", 0).encode()
    unusable = (b"caf\xe9", b"  ", "\N{CAT FACE}".encode(), b"a cat\x00", b"a cat\tblack")
    broken = (*(caption + b"\t" + first for caption in unusable), b"a cat without an address", b"")
    counts["broken"] = len(broken)
    (folder / "Train_GCC-training.tsv").write_bytes(b"".join(lines) + b"".join(line + b"\n" for line in broken))
    return counts


def write_il_post(
    folder: pathlib.Path, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language
) -> Counter[str]:
    """Writes the JSON lines and the archive; returns the number of rows of each kind."""
    rows, counts = write_posts(folder, "il_post", seed, settings, drawn, language)
    lines = []
    for number, post in enumerate(rows, start=1):
        article = f"https://il-post.example/articoli/{number:06d}"
        line = {"article_url": article, "image_url": post.address, "caption": post.caption}
        lines.append(json.dumps(line, ensure_ascii=False))
    broken = ('{"article_url": "https://il-post.example/articoli/x", "image_url": ', f'{{"caption": "{language.pages.sound}."}}')
    counts["broken"] = len(broken)
    (folder / "il_post.jsonl").write_text("".join(line + "\n" for line in (*lines, *broken)), encoding="utf-8")
    return counts


def write_mscoco_it(
    folder: pathlib.Path, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language
) -> Counter[str]:
    """Writes MSCOCO-IT's two JSON files and the archive; returns the number of images of each kind."""
    ids = shuffled(range(1, 10 * len(drawn)), seed, PURPOSES["mscoco_it"])[: len(drawn)]
    kinds = ["missing"] * settings.missing + ["damaged"] * settings.damaged
    kinds = kinds + ["drawn"] * (len(drawn) - len(kinds))
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for number, (kind, identity, (image, *_)) in enumerate(zip(kinds, ids, drawn, strict=True)):
            if kind != "missing":
                content = damaged(image.content, number) if kind == "damaged" else image.content
                add(archive, coco_name(identity), content)
    cut = round(len(drawn) * (1 - VALIDATED_SHARE))
    for name, part, as_text in (("unvalidated", slice(cut), ()), ("validated", slice(cut, None), (1, 2))):
        described = json.dumps(coco_json(ids[part], drawn[part], seed, language, as_text), ensure_ascii=False)
        write_gzip(folder / f"captions_ita_trainingset_{name}.json.gz", described.encode())
    return Counter(kinds)


def coco_name(identity: int) -> str:
    """MSCOCO's file name of an image."""
    return f"COCO_train2014_{identity:012d}.jpg"


def coco_json(ids: list[int], drawn: list[Entry], seed: int, language: Language, as_text: tuple[int, ...] = ()) -> dict[str, Any]:
    """The content of a file of MSCOCO-IT. Annotations whose number modulo 3 is in `as_text` have strings as ids."""
    images, annotations = list[dict[str, Any]](), list[dict[str, Any]]()
    for identity, (image, of_image, _) in zip(ids, drawn, strict=True):
        size = {"height": image.height, "width": image.width}
        images.append({"id": identity, "file_name": coco_name(identity), "license": 1} | size)
        for caption in of_image:
            kind: Callable[[int], int | str] = str if len(annotations) % 3 in as_text else int
            blank = "\n" if len(annotations) % 300 == 0 else " " if len(annotations) % 7 == 0 else ""
            annotations.append({"id": kind(len(annotations)), "image_id": kind(identity), "caption": caption + blank})
    info = {"description": language.pages.collection, "version": str(seed)}
    return {"info": info, "images": images, "annotations": annotations, "licenses": [], "type": "captions"}


def write_gzip(path: pathlib.Path, content: bytes) -> None:
    """Writes a gzip file without date and name, so that equal content gives equal files."""
    path.write_bytes(gzip.compress(content, mtime=0))


WRITERS: dict[str, Callable[[pathlib.Path, int, SourceSettings, list[Entry], Language], Counter[str]]] = {
    "wit": write_wit,
    "mscoco_it": write_mscoco_it,
    "conceptual_captions": write_conceptual_captions,
    "il_post": write_il_post,
}
