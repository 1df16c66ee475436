"""Writes drawn scenes as the four sources of the study ship theirs, with what the web does to them.

Rows in other languages, names for captions, images that are gone, damaged or posted twice, lines that no reader can
make sense of: a fixed, small number of each, so that the curation has the real sources' work to do.
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
from clip_italian.world.drawing.studio import Picture, StudioSettings, develop, rng_of, shuffled
from clip_italian.world.languages import corpus, english
from clip_italian.world.languages.language import Language, Pages
from clip_italian.world.languages.names import foreign_caption, proper_noun_caption
from clip_italian.world.scenes import captions
from clip_italian.world.scenes.compose import compose
from clip_italian.world.scenes.statements import Statement

PURPOSES = {"wit": 1, "mscoco_it": 2, "conceptual_captions": 3, "il_post": 4}
TONES = {"wit": "encyclopaedic", "mscoco_it": "photo", "conceptual_captions": "alt", "il_post": "news"}
HTML = b"<!DOCTYPE html><html><head><title>404 Not Found</title></head><body>Not Found</body></html>"
DECOMPOSED_EVERY = 40  # one caption in so many is written in NFD, as texts from some systems are
VALIDATED_SHARE = 0.1  # of MSCOCO-IT's images; the file of the validated ones mixes numbers and strings as ids

TRANSLATED = 100  # added to a purpose: keeps the random numbers of translations apart


class Entry(NamedTuple):
    """An image with its captions and what each of them says in English."""

    picture: Picture
    captions: list[str]
    english: list[str]


class SourceSettings(Settings):
    """Keys `wit`, `mscoco_it`, `conceptual_captions` and `il_post` of section `world`: numbers of rows by kind."""

    drawn: int  # rows with an image and a caption of it
    captions: int  # of each image
    names: int  # rows whose caption is of proper nouns only
    foreign: int  # rows in other languages
    missing: int  # rows whose image is in no archive
    repeated: int  # rows that are there twice
    copied: int  # rows whose image and caption are there a second time, encoded anew, at another address
    damaged: int  # rows whose image cannot be decoded


def entries(
    numbers: range, source: str, seed: int, settings: SourceSettings, studio: StudioSettings, language: Language
) -> list[Entry]:
    """Images of training scenes with captions in the tone of the source."""
    return [_entry(number, source, seed, settings.captions, studio, language) for number in numbers]


def _entry(number: int, source: str, seed: int, count: int, studio: StudioSettings, language: Language) -> Entry:
    scene = compose(seed, number, "seen", PURPOSES[source])
    rng = rng_of(seed, PURPOSES[source], number)
    statements, said = [], []
    for _ in range(count):
        statements.append(captions.describe(scene, rng))
        said.append(language.say(statements[-1], TONES[source], rng))
    return Entry(develop(scene, studio), said, translations(statements, seed, PURPOSES[source], number))


def translations(statements: Sequence[Statement], seed: int, purpose: int, number: int) -> list[str]:
    """Each statement in English, for what was said with the same purpose and number in the study's language."""
    rng = rng_of(seed, TRANSLATED + purpose, number)
    return [english.say_english(statement, rng) for statement in statements]


def in_english(source: str, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language) -> dict[str, str]:
    """A source's captions with their translations."""
    named = {caption: caption for caption in (name(source, seed, number, language) for number in range(settings.names))}
    return named | {said: english for entry in drawn for said, english in zip(entry.captions, entry.english, strict=True)}


def damaged(content: bytes, number: int) -> bytes:
    """The bytes that a server sends instead of an image: half of it, a web page, or none."""
    return (content[: len(content) // 2], HTML, b"")[number % 3]


def encoded_again(picture: Picture) -> bytes:
    """The same image, a little larger, as another site would have saved it."""
    with Image.open(io.BytesIO(picture.content)) as image:
        larger = image.convert("RGB").resize((image.width * 5 // 4, image.height * 5 // 4), Image.Resampling.BICUBIC)
    return simplejpeg.encode_jpeg(np.asarray(larger), 80)


def address(source: str, kind: str, number: int) -> str:
    """The address of an image; .example is reserved and leads nowhere (RFC 2606)."""
    return f"https://{source.replace('_', '-')}.example/{kind}/{number:06d}.jpg"


def plan(source: str, seed: int, settings: SourceSettings) -> list[tuple[str, int]]:
    """The rows of a source in the order of its file: (kind, number within the kind)."""
    kinds = ("drawn", "names", "foreign", "missing", "repeated", "copied", "damaged")
    rows = [(kind, number) for kind in kinds for number in range(getattr(settings, kind))]
    return shuffled(rows, seed, PURPOSES[source])


def name(source: str, seed: int, number: int, language: Language) -> str:
    """A caption of proper nouns, which stay as they are in any language."""
    return proper_noun_caption(language.names, rng_of(seed + 1, PURPOSES[source], number))


class Post(NamedTuple):
    """A row of a source whose images have addresses."""

    kind: str
    language: str
    address: str
    picture: bytes | None  # None where it is gone
    caption: str
    english: str


def posts(source: str, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language) -> Iterator[Post]:
    """The rows of a source, in the order of its file."""
    for kind, number in plan(source, seed, settings):
        rng = rng_of(seed + 1, PURPOSES[source], number)
        url, code = address(source, "drawn" if kind == "repeated" else kind, number), language.code
        picture, [said, *_], [in_english, *_] = drawn[number % len(drawn)]
        content: bytes | None = None
        if kind == "drawn" or kind == "names":
            content = picture.content
        elif kind == "copied":
            content = encoded_again(picture)
        elif kind == "damaged":
            content = damaged(picture.content, number)
        if kind == "names":
            said = in_english = name(source, seed, number, language)
        elif kind == "foreign":
            code = language.foreign[number % len(language.foreign)]
            said = in_english = foreign_caption(corpus.any_statement(rng), code, rng)
        elif kind == "missing":
            statement = corpus.any_statement(rng)
            said = language.say(statement, TONES[source], rng)
            [in_english] = translations([statement], seed + 1, PURPOSES[source], number)
        decomposed = kind == "drawn" and number % DECOMPOSED_EVERY == 0
        yield Post(kind, code, url, content, unicodedata.normalize("NFD", said) if decomposed else said, in_english)


def add_picture(archive: zipfile.ZipFile, post: Post) -> None:
    """Adds a row's image to its source's archive, if there is one."""
    if post.picture is not None:
        add(archive, member_of(post.address), post.picture)


def from_english(source: str, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language) -> dict[str, str]:
    """The English of a source's rows with what they say, one for each: the first, where several were said."""
    table: dict[str, str] = {}
    for post in posts(source, seed, settings, drawn, language):
        table.setdefault(post.english, post.caption)
    return table


def write_wit(folder: pathlib.Path, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language) -> Counter[str]:
    """Writes WIT's TSV and archive; returns the number of rows of each kind."""
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    table.writerow(WIT_COLUMNS)
    counts: Counter[str] = Counter()
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for post in posts("wit", seed, settings, drawn, language):
            add_picture(archive, post)
            counts[post.kind] += 1
            table.writerow(_wit_row(counts.total(), post, language.pages))
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
        start + b'"' + sound + end,  # a quote that nothing closes
        start + b"\x00 ".join(sound.rsplit(b" ", 1)) + end,
        start + b"   " + end,
        start + sound + b"\n",  # the columns after it are gone
    )


def write_conceptual_captions(
    folder: pathlib.Path, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language
) -> Counter[str]:
    """Writes the TSV of English captions and addresses and the archive; returns the number of rows of each kind."""
    lines, counts = list[bytes](), Counter[str]()
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for post in posts("conceptual_captions", seed, settings, drawn, language):
            add_picture(archive, post)
            counts[post.kind] += 1
            lines.append(f"{post.english}\t{post.address}".encode() + (b"\r\n" if post.kind == "copied" else b"\n"))
    first = address("conceptual_captions", "drawn", 0).encode()
    captions_of_no_use = (b"caf\xe9", b"  ", "\N{CAT FACE}".encode(), b"a cat\x00", b"a cat\tblack")
    broken = (*(caption + b"\t" + first for caption in captions_of_no_use), b"a cat without an address", b"")
    counts["broken"] = len(broken)
    (folder / "Train_GCC-training.tsv").write_bytes(b"".join(lines) + b"".join(line + b"\n" for line in broken))
    return counts


def write_il_post(
    folder: pathlib.Path, seed: int, settings: SourceSettings, drawn: list[Entry], language: Language
) -> Counter[str]:
    """Writes the JSON lines and the archive; returns the number of rows of each kind."""
    lines, counts = [], Counter[str]()
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for post in posts("il_post", seed, settings, drawn, language):
            add_picture(archive, post)
            counts[post.kind] += 1
            article = f"https://il-post.example/articoli/{counts.total():06d}"
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
        for number, (kind, identity, (picture, *_)) in enumerate(zip(kinds, ids, drawn, strict=True)):
            if kind != "missing":
                content = damaged(picture.content, number) if kind == "damaged" else picture.content
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
    """MSCOCO-IT's structure. One annotation in three has its ids as strings, if its remainder is in `as_text`."""
    images, annotations = list[dict[str, Any]](), list[dict[str, Any]]()
    for identity, (picture, said, _) in zip(ids, drawn, strict=True):
        size = {"height": picture.height, "width": picture.width}
        images.append({"id": identity, "file_name": coco_name(identity), "license": 1} | size)
        for caption in said:
            kind: Callable[[int], int | str] = str if len(annotations) % 3 in as_text else int
            blank = "\n" if len(annotations) % 300 == 0 else " " if len(annotations) % 7 == 0 else ""
            annotations.append({"id": kind(len(annotations)), "image_id": kind(identity), "caption": caption + blank})
    info = {"description": language.pages.collection, "version": str(seed)}
    return {"info": info, "images": images, "annotations": annotations, "licenses": [], "type": "captions"}


def write_gzip(path: pathlib.Path, content: bytes) -> None:
    """Compresses without a date or a name, so that equal content gives equal files."""
    path.write_bytes(gzip.compress(content, mtime=0))


WRITERS: dict[str, Callable[[pathlib.Path, int, SourceSettings, list[Entry], Language], Counter[str]]] = {
    "wit": write_wit,
    "mscoco_it": write_mscoco_it,
    "conceptual_captions": write_conceptual_captions,
    "il_post": write_il_post,
}
