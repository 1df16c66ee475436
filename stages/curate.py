"""The study's pairs out of the raw files."""

import json
import pathlib

from clip_italian import config, files
from clip_italian.data import proper_nouns
from clip_italian.data.curate import CurateSettings, Pair, curate
from clip_italian.data.preparation import ImageSettings


def main() -> None:
    """Writes data/<profile>/pairs/{train,valid}.jsonl and reports/<profile>/curate.json."""
    profile = config.params().profile
    limits = config.section(ImageSettings, "images").limits
    settings = config.section(CurateSettings, "curate")
    train, valid, report = curate(pathlib.Path("data", profile, "raw"), settings, limits, proper_nouns.load(settings.tagger))
    with files.replacing_folder(pathlib.Path("data", profile, "pairs")) as folder:
        (folder / "train.jsonl").write_text(_lines(train), encoding="utf-8")
        (folder / "valid.jsonl").write_text(_lines(valid), encoding="utf-8")
    files.write_json(pathlib.Path("reports", profile, "curate.json"), report | {"tagger": proper_nouns.describe(settings.tagger)})


def _lines(pairs: list[Pair]) -> str:
    return "".join(json.dumps(vars(pair), sort_keys=True, ensure_ascii=False) + "\n" for pair in pairs)
