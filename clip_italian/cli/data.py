"""What people do with data, from a shell: `python -m clip_italian data import FOLDER`; `data --help` lists all."""

import argparse
import os
import pathlib
from typing import Any

from clip_italian import config, paths
from clip_italian.data.images import export
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.sources import importing, own
from clip_italian.data.translation import rating
from clip_italian.data.translation.engines import TranslationSettings
from clip_italian.data.workers import WorkersSettings


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the commands of `data`."""
    data = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_import(data)
    _add_export(data)
    _add_rating(data)


def _add_import(data: Any) -> None:
    text = "make a folder of photographs with captions a source of the study, own/NAME"
    command = data.add_parser("import", help=text, description=text)
    command.add_argument("folder", type=pathlib.Path, help="folder of photographs, or the list in it that is meant")
    command.add_argument("--name", help="of the source (default: the folder's)")
    command.add_argument("--language", default="it", help="of the captions, ISO 639-1 (default: %(default)s)")
    command.add_argument("--replace", action="store_true", help="replace the source of that name")
    command.set_defaults(run=run_import)


def _add_export(data: Any) -> None:
    out = data.add_parser("export", help="write stored pictures as web-dataset tars, for CLIP's trainers and CLIP_benchmark")
    out.add_argument("shards", type=pathlib.Path, help="folder of shards, such as data/mini/shards/train")
    out.add_argument("out", type=pathlib.Path, help="folder of the data set; other splits in it stay")
    out.add_argument("--split", default="train", help="folder of the tars in OUT, made or replaced (default: %(default)s)")
    out.add_argument("--format", default="png", choices=("png", "jpg"), help="png keeps every pixel (default: %(default)s)")
    quality = {"choices": range(1, 101), "metavar": "1-100", "help": "of jpg (default: %(default)s)"}
    out.add_argument("--quality", type=int, default=95, **quality)
    out.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: %(default)s)")
    out.set_defaults(run=run_export)


def _add_rating(data: Any) -> None:
    rate = data.add_parser("rate", help="write a sheet of translated captions that people rate")
    rate.add_argument("out", type=pathlib.Path, help="CSV file that is made")
    rate.add_argument("--count", type=int, default=100, help="captions (default: %(default)s, as for CLIP-Italian)")
    rate.add_argument("--raters", type=int, default=3, help="columns for ratings (default: %(default)s, as for CLIP-Italian)")
    rate.add_argument("--seed", type=int, default=0, help="of the sample (default: %(default)s)")
    rate.set_defaults(run=run_rate)
    agree = data.add_parser("agreement", help="say what a filled sheet says: mean, frequencies, Gwet's AC1 with ordinal weights")
    agree.add_argument("sheet", type=pathlib.Path, help="CSV file of `data rate`; cells may be empty")
    agree.set_defaults(run=run_agreement)


def run_import(chosen: argparse.Namespace) -> None:
    """Prints what was found, what was left out and why, and where the rest is."""
    limits = config.section(ImageSettings, "images").limits
    own_data = pathlib.Path(own.FOLDER)
    written, report = importing.import_folder(chosen.folder, own_data, chosen.name, chosen.language, limits, chosen.replace)
    print(importing.summary_lines(report))
    print(f"{written}: written; the next `dvc repro` takes it as one more source")


def run_export(chosen: argparse.Namespace) -> None:
    """Prints how many images were written."""
    where = WorkersSettings(kind="processes", count=max(1, chosen.workers), address=None)
    count = export.export(chosen.shards, chosen.out, chosen.split, chosen.format, chosen.quality, where)
    print(f"{chosen.out}: {count} pictures written")


def run_rate(chosen: argparse.Namespace) -> None:
    """Writes the sheet and says what the numbers mean."""
    limit = config.section(TranslationSettings, "translation").max_characters
    data = paths.data(config.params().profile)
    count = rating.write(chosen.out, data, chosen.count, chosen.raters, chosen.seed, limit)
    print(f"{chosen.out}: {count} captions; rate each from {rating.LOWEST} to {rating.HIGHEST}: {rating.SCALE}")


def run_agreement(chosen: argparse.Namespace) -> None:
    """Prints what the sheet says."""
    print(rating.summary(chosen.sheet))
