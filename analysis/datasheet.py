"""DATASHEET.md: origin, licence, size, filters and known problems of each source, from the template and what the study knows."""

import pathlib
import string
from typing import Any

from analysis import study as studies
from analysis.data_sheet import LABELS, reasons
from analysis.published import SOURCE
from clip_italian import config, files, paths

TEMPLATE, SHEET = pathlib.Path("docs/datasheet.md.template"), pathlib.Path("DATASHEET.md")
PAPER = paths.PROFILES / "paper.yaml"  # whatever profile runs, the sheet is of the real sources
NAMES = LABELS | {
    "xm3600": "Crossmodal-3600",
    "xtd10": "XTD10",
    "imagenet": "ImageNet with Italian labels",
    "babel_imagenet": "Babel-ImageNet",
}
WHAT = {
    "wit": "Pictures of the Italian Wikipedia with the descriptions below them (`caption_reference_description`).",
    "mscoco_it": "MSCOCO's photographs of everyday scenes, five captions each, translated by machine; its development "
    "sets are tested on.",
    "conceptual_captions": "Pictures from the web with cleaned alternative texts in English, which stage `translate` translates.",
    "il_post": "The photographs of the day of the newspaper Il Post with their captions, as a list that the user supplies.",
    "xm3600": "3,600 photographs from all over the world with captions that people wrote in each of 36 languages.",
    "xtd10": "1,000 of MSCOCO's photographs with one caption each, translated by people.",
    "imagenet": "50,000 photographs of 1,000 classes, with labels translated by machine and never corrected; linear probes "
    "learn from some of its training pictures.",
    "babel_imagenet": "Italian labels from BabelNet for 773 of ImageNet's classes.",
}
PROBLEMS = {
    "wit": "Most captions name what is shown rather than describe it; one in ten is hardly more than proper nouns and is left out. "
    "Pictures are removed and renamed on Commons.",
    "mscoco_it": "Errors of the translation; the published retrieval table is of a part that nobody validated. Ids are numbers and "
    "strings in one file. Mirror images, which augmentation makes, contradict captions that say left and right. Photographs of the "
    "United States, mostly.",
    "conceptual_captions": "Dead addresses: about a third of the pictures was gone by 2025. Names were replaced by their kind "
    "(`person`, `actor`), which a translation makes stranger still. Which 700,000 of its three million rows the study of 2021 took "
    "is not known.",
    "il_post": "Nobody but the newspaper may pass the pictures on, and the list of 2021 was never published. Captions tell "
    "the news, not the picture.",
    "xm3600": "Two ways of counting are in use, with the first caption of each picture or with all: numbers differ.",
    "xtd10": "Nearly all its pictures are in MSCOCO-IT's training files: a model trained on those has seen them.",
    "imagenet": "19 labels are those of 39 classes, and many are wrong (*un raggio elettrico* is a fish).",
    "babel_imagenet": "Eight labels occur twice.",
}


def learnt_from(publisher: dict[str, Any]) -> bool:
    """Whether models train on pairs of it."""
    return any(file["pairs"] for file in publisher["files"])


def source(name: str, publisher: dict[str, Any], had: int | None) -> str:
    """One data set as a section."""
    given = [file["name"] for file in publisher["files"] if file["address"] is None]
    lines = [
        f"### {NAMES.get(name, name)}",
        "",
        WHAT.get(name, ""),
        "",
        f"* **Origin**: <{publisher['about']}>; {files_of(publisher)}"
        + (f", of which {', '.join(f'`{one}`' for one in given)} must be given by path." if given else ", all fetched."),
        f"* **Licence**: {publisher['licence']}.",
    ]
    if had is not None:
        lines.append(f"* **Size**: some {had:,} pictures in the study of 2021.")
    if publisher["fetch_rows"]:
        lines.append("* **Pictures** are fetched one by one from the addresses in its rows.")
    return "\n".join([*lines, f"* **Known problems**: {PROBLEMS.get(name, 'none known.')}"])


def files_of(publisher: dict[str, Any]) -> str:
    """How many files it has."""
    count = len(publisher["files"])
    return f"{count} file" if count == 1 else f"{count} files"


def fetching(fetch: dict[str, Any]) -> str:
    """How the web is asked, in words."""
    return (
        f"at most {fetch['per_host']} at a time from one host and {fetch['delay']:g} s between two requests to it, with a user "
        f"agent that says who asks and how to reach them, {fetch['tries']} tries, and `Retry-After` waited for; addresses that are "
        f"not public, answers of more than {fetch['max_bytes'] / 2**20:g} MiB or {fetch['deadline']:g} s and more than "
        f"{fetch['max_redirects']} redirects are refused"
    )


def filters(paper: dict[str, Any]) -> str:
    """What curation leaves out, with the numbers of the profile."""
    curate, limits = paper["curate"], paper["images"]["limits"]
    rules = [
        f"rows in another language than `{curate['language']}`, without a caption, or damaged (encoding, quoting, columns)",
        "captions without words, with control characters, of nothing but markup, addresses, file names or boilerplate, longer than "
        f"{curate['text']['max_characters']:,} characters, or clearly in another language",
        f"captions of which at least {100 * curate['max_proper_nouns']:g} % are proper nouns "
        f"({', '.join(LABELS.get(name, name) for name in curate['proper_noun_sources'])})",
        "pictures that are no JPEG, PNG, WebP or GIF, cannot be decoded, or have more than "
        f"{limits['max_pixels'] / 1e6:g} million pixels, a side of less than {limits['min_side']}, "
        f"or one {limits['max_aspect']:g} times as long as the other",
        "pairs whose picture and words another pair has, by the file's SHA-256 or to the eye (perceptual hashes within "
        f"{curate['duplicates']['max_bits']} of 64 bits, confirmed by comparing pixels)",
    ]
    return "\n".join(f"* {rule};" for rule in rules[:-1]) + f"\n* {rules[-1]}."


def rejected(report: dict[str, Any]) -> str:
    """What curation kept and left out of each source, as a table."""
    head = ["| source | rows | kept | rows left out | captions | clean | captions left out |", "|---|---:|---:|---|---:|---:|---|"]
    lines = [
        f"| {LABELS.get(name, name)} | {one['rows']['read']:,} | {one['rows']['kept']:,} | {reasons(one['rows']['rejected'])} "
        f"| {one['captions']['read']:,} | {one['captions']['clean']:,} | {reasons(one['captions']['rejected'])} |"
        for name, one in report["sources"].items()
    ]
    return "\n".join(head + lines)


def main() -> None:
    profile, paper = studies.load().profile, config.read_yaml(PAPER)
    had = config.read_yaml(SOURCE)["pairs"]["values"]
    publishers = paper["published"]["publishers"]
    both = [
        "\n\n".join(source(name, one, had.get(name)) for name, one in publishers.items() if learnt_from(one) == pairs)
        for pairs in (True, False)
    ]
    parts = {
        "profile": profile,
        "sources": both[0],
        "tests": both[1],
        "fetching": fetching(paper["fetch"]),
        "filters": filters(paper),
        "rejected": rejected(files.read_json(paths.report(profile, "curate"))),
    }
    files.write_text(SHEET, string.Template(TEMPLATE.read_text()).substitute(parts))
