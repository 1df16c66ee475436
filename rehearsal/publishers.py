"""Small files in the publishers' formats, drawn and written by the drawn world: what the `paper` profile reads.

    published/<publisher>/   as each publisher's site, repository or archive holds it
    published/tools/         what the user has beside: translations of Conceptual Captions, a tagger of parts of speech
    web/<host>/<path>        the pictures at the addresses that WIT, Conceptual Captions and Il Post name; some are damaged or gone

Ids of MSCOCO are numbers and strings mixed, training and development files share val2014.zip, most of XTD10's pictures are of
MSCOCO-IT's training files, two classes of ImageNet share their label: the real files' ways.
"""

import json
import pathlib
import urllib.parse
import zipfile
from collections.abc import Iterable

from clip_italian import config
from clip_italian.config import Settings
from clip_italian.data.archives import Archive, add
from clip_italian.data.curation import tagger_training
from clip_italian.data.curation.tagger_training import TaggerSettings
from clip_italian.data.sources.rows import member_of
from clip_italian.world.drawing import studio
from clip_italian.world.drawing.studio import ImageFile, StudioSettings, rng_of
from clip_italian.world.languages import corpus
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.publishing import publish
from clip_italian.world.publishing.publish import Entry, SourceSettings
from clip_italian.world.scenes.compose import compose, compose_single
from clip_italian.world.scenes.scene import Scene
from clip_italian.world.scenes.statements import CLASS_NOUNS, COLOURS
from clip_italian.world.scenes.truth import describe

SIZES = pathlib.Path(__file__).with_name("sizes.yaml")
ADDRESSED = ("wit", "conceptual_captions", "il_post")  # sources whose pictures are fetched one by one
# Purposes of random numbers, apart from those of the drawn world's own sets: no scene is in two sets.
COCO, XM3600, IMAGENET, IMAGENET_TRAIN = 61, 62, 63, 64


class Sizes(Settings):
    """How much is written: sizes.yaml."""

    seed: int
    height: int  # pixels of a picture
    wit: SourceSettings
    conceptual_captions: SourceSettings
    il_post: SourceSettings
    coco_train: int  # pictures of MSCOCO-IT's training files in train2014.zip
    coco_val: int  # and in val2014.zip
    dev: int  # pictures of the unvalidated development file, in val2014.zip
    dev_validated: int
    xm3600: int  # pictures
    xtd10: int  # pictures; one in five is of val2014.zip
    classes: int  # of ImageNet
    babel: int  # of these classes that Babel-ImageNet lists
    val: int  # pictures of each class to test on
    train: int  # of each class, for the probes
    tagger: TaggerSettings  # in place of spaCy's Italian pipeline


def sizes() -> Sizes:
    """Those of the rehearsal."""
    return config.parse(Sizes, config.read_yaml(SIZES), str(SIZES))


def write(folder: pathlib.Path, sizes: Sizes) -> None:
    """Writes everything below `folder`, which is new or empty."""
    shop = StudioSettings(workers=1, height=sizes.height, jpeg_quality=90, png_every=10)
    for source in ADDRESSED:
        _write_addressed(folder, source, sizes, shop)
    coco = _write_coco(folder / "published", sizes, shop)
    _write_xtd10(folder / "published/xtd10", coco, sizes)
    _write_xm3600(folder / "published/xm3600", sizes, shop)
    _write_imagenet(folder / "published", sizes, shop)
    _write_tagger(folder / "published/tools", sizes)


def _write_addressed(folder: pathlib.Path, source: str, sizes: Sizes, shop: StudioSettings) -> None:
    """A source's table, and its pictures at their addresses; what is missing from the archive has no picture there."""
    settings, made = getattr(sizes, source), folder / "published" / source
    made.mkdir(parents=True)
    drawn = publish.entries(range(settings.drawn), source, sizes.seed, settings, shop, ITALIAN)
    publish.WRITERS[source](made, sizes.seed, settings, drawn, ITALIAN)
    if source == "conceptual_captions":
        table = publish.from_english(source, sizes.seed, settings, drawn, ITALIAN)
        put(folder / "published/tools/captions.tsv", lines(f"{english}\t{italian}" for english, italian in table.items()))
    addresses = {
        publish.address(source, "drawn" if kind == "repeated" else kind, number)
        for kind, number in publish.plan(source, sizes.seed, settings)
    }
    with Archive(made / "images.zip") as archive:
        for address in sorted(one for one in addresses if member_of(one) in archive.names):
            put(folder / "web" / place_of(address), archive.read(member_of(address)))
    (made / "images.zip").unlink()


def _write_tagger(folder: pathlib.Path, sizes: Sizes) -> None:
    tagged_lines = corpus.sentences(range(sizes.tagger.sentences + sizes.tagger.held_out), sizes.seed, ITALIAN)
    put(folder / "tagged.jsonl", lines(tagged_lines))
    tagger_training.train(folder / "tagged.jsonl", folder / "tagger", ITALIAN.code, sizes.tagger)


def place_of(address: str) -> str:
    """Where the picture of an address lies below `web`: host and path."""
    parts = urllib.parse.urlsplit(address)
    return f"{parts.hostname}{parts.path}"


def put(path: pathlib.Path, content: bytes | str) -> None:
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _photographs(numbers: range, purpose: int, count: int, sizes: Sizes, shop: StudioSettings) -> list[Entry]:
    """Pictures of scenes with so many captions each."""
    return [_photograph(compose(sizes.seed, number, "seen", purpose), purpose, count, sizes, shop) for number in numbers]


def _photograph(scene: Scene, purpose: int, count: int, sizes: Sizes, shop: StudioSettings) -> Entry:
    rng = rng_of(sizes.seed, purpose, scene.index)
    said = [ITALIAN.say(describe(scene, rng), "photo", rng) for _ in range(count)]
    return Entry(studio.develop(scene, shop), said, said)


# --- MSCOCO-IT, and XTD10 which asks for its pictures ----------------------------------------------------------------
Coco = dict[str, dict[int, Entry]]  # by split, by id


def _write_coco(published: pathlib.Path, sizes: Sizes, shop: StudioSettings) -> Coco:
    """The four caption files and the two archives; returns the training pictures, by the archive that holds them."""
    counts = {
        "trainingset_train2014": ("train2014", sizes.coco_train),
        "trainingset_val2014": ("val2014", sizes.coco_val),
        "devset_unvalidated": ("val2014", sizes.dev),
        "devset_validated": ("val2014", sizes.dev_validated),
    }
    held: Coco = {"train2014": {}, "val2014": {}}
    training: Coco = {"train2014": {}, "val2014": {}}
    start = 0
    for name, (split, count) in counts.items():
        entries = _photographs(range(start, start + count), COCO, 5, sizes, shop)
        part = {9 + 7 * number: entry for number, entry in enumerate(entries, start=start)}
        start += count
        held[split] |= part
        if name.startswith("training"):
            training[split] |= part
        _write_captions(published / "mscoco_it" / f"captions_ita_{name}.json.gz", part, split, sizes.seed)
    for split, pictures in held.items():
        named = {f"{split}/{coco_name(split, identity)}": entry.image for identity, entry in pictures.items()}
        _write_zip(published / "mscoco_it" / f"{split}.zip", named)
    return training


def coco_name(split: str, identity: int) -> str:
    """MSCOCO's file name of a picture."""
    return f"COCO_{split}_{identity:012d}.jpg"


def _write_captions(path: pathlib.Path, entries: dict[int, Entry], split: str, seed: int) -> None:
    content = publish.coco_json(list(entries), list(entries.values()), seed, ITALIAN, (1, 2) if "_validated" in path.name else ())
    for image in content["images"]:
        image["file_name"] = coco_name(split, int(image["id"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    publish.write_gzip(path, json.dumps(content, ensure_ascii=False).encode())


def _write_zip(path: pathlib.Path, pictures: dict[str, ImageFile]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, picture in pictures.items():
            add(archive, name, picture.content)


def _write_xtd10(folder: pathlib.Path, coco: Coco, sizes: Sizes) -> None:
    """Captions and names line by line; four of five pictures are of train2014."""
    ids = {split: iter(pictures.items()) for split, pictures in coco.items()}
    splits = ["val2014" if number % 5 == 4 else "train2014" for number in range(sizes.xtd10)]
    chosen = [(split, *next(ids[split])) for split in splits]
    put(folder / "test_image_names.txt", lines(coco_name(split, identity) for split, identity, _ in chosen))
    put(folder / "test_1kcaptions_it.txt", lines(entry.captions[-1].strip() for *_, entry in chosen))


def lines(texts: Iterable[str]) -> str:
    """Each on a line of its own."""
    return "".join(text + "\n" for text in texts)


# --- Crossmodal-3600 --------------------------------------------------------------------------------------------------
def _write_xm3600(folder: pathlib.Path, sizes: Sizes, shop: StudioSettings) -> None:
    described = []
    for number, entry in enumerate(_photographs(range(sizes.xm3600), XM3600, 2, sizes, shop)):
        key, said = f"{number:016x}", entry.captions[: 1 + number % 2]
        put(folder / "images" / f"{key}.jpg", entry.image.content)
        languages = {code: {"caption": said, "caption/tokenized": said} for code in ("en", "it")}
        described.append(json.dumps({"image/key": key, "image/locale": "it", **languages}, ensure_ascii=False))
    put(folder / "captions/captions.jsonl", lines(described))


# --- ImageNet with Italian labels, Babel-ImageNet -----------------------------------------------------------------------
HEADER = (
    "set_id",
    "syn_set",
    "first_syn",
    "query_long",
    "query_short",
    "query_short_translated",
    "query_long_translated",
    "class_id",
)
TEMPLATES = ("una foto di {}", "un disegno di {}", "una foto di {}")


def _write_imagenet(published: pathlib.Path, sizes: Sizes, shop: StudioSettings) -> None:
    pairs = [(noun, colour) for noun in CLASS_NOUNS for colour in COLOURS][:: len(COLOURS) + 1][: sizes.classes]
    labels = [ITALIAN.class_label(*pair) for pair in pairs]
    labels[-1] = labels[0]  # as 39 of the real 1,000 share theirs
    folder = published / "imagenet"
    rows = [
        [wordnet_id(number), f'{label}, "x"', label, label, label, label, f"una foto di {label}", str(number + 1)]
        for number, label in enumerate(labels)
    ]
    put(folder / "imagenet_labels_IT.tsv", lines("\t".join(row) for row in [HEADER, *rows]))
    put(folder / "italian_templates_IT.txt", lines(TEMPLATES))
    for split, purpose, each in (("val", IMAGENET, sizes.val), ("train", IMAGENET_TRAIN, sizes.train)):
        for number, pair in enumerate(pairs):
            for one in range(number * each, (number + 1) * each):
                name = f"{wordnet_id(number)}_{one}" if split == "train" else f"ILSVRC2012_val_{one + 1:08d}"
                scene = compose_single(sizes.seed, one, *pair, "seen", purpose)
                put(folder / split / wordnet_id(number) / f"{name}.JPEG", studio.develop(scene, shop).content)
    listed = {"IT": [list(range(sizes.babel)), labels[: sizes.babel]], "EN": [list(range(sizes.classes)), labels]}
    put(published / "babel_imagenet" / "babel_imagenet.json", json.dumps(listed))


def wordnet_id(number: int) -> str:
    """A name like ImageNet's folders have, in the order of the classes."""
    return f"n{number + 1:08d}"
