"""Stored images with their captions as web-dataset tars, which webdataset, img2dataset's readers and CLIP_benchmark take.

A sample is `000000012.png` (or `.jpg`), `.txt` with a caption a line, and `.json` with the image's id, source and captions; its
key is its index among all images. The layout is that of `clip_benchmark_export_wds`: OUT/SPLIT/0.tar, 1.tar, ..., a tar for each
stored shard, their number in OUT/SPLIT/nshards.txt, and OUT/dataset_type.txt; OUT/SPLIT/manifest.json has the files' SHA-256. No
tar has a date: equal shards give equal bytes.
"""

import dataclasses
import functools
import io
import json
import pathlib
import tarfile
from typing import Literal

import cv2
import numpy as np
import simplejpeg
from jaxtyping import UInt8

from clip_italian import files
from clip_italian.data import workers
from clip_italian.data.images import shards
from clip_italian.data.workers import WorkersSettings
from clip_italian.errors import InputError

Format = Literal["png", "jpg"]
TYPE_FILE, TYPE = "dataset_type.txt", "retrieval\n"  # what CLIP_benchmark reads a folder as
DIGITS = 9  # of a key, as img2dataset's
PART = 256  # images in memory at a time


@dataclasses.dataclass(frozen=True)
class Export:
    """What all tars have in common."""

    folder: pathlib.Path  # of shards
    out: pathlib.Path  # of the split
    format: Format
    quality: int  # of JPEG


def export(folder: pathlib.Path, out: pathlib.Path, split: str, format: Format, quality: int, where: WorkersSettings) -> int:
    """Writes the images of a folder of shards to `out`/`split`, made or replaced; returns their number.

    Other splits and whatever else is in `out` stay. Raises InputError naming a shard that is missing or damaged, or a file of `out`
    that would be lost.
    """
    images = shards.open_shards(folder)
    ranges = images.shard_ranges()
    _check_out(out, split)
    with files.replacing_folder(out / split) as target:
        write = functools.partial(_write_tar, Export(folder.absolute(), target, format, quality))
        for _ in workers.map(write, enumerate(ranges), where, lambda numbered: f"{folder}, shard {numbered[0]}"):
            pass
        files.write_text(target / "nshards.txt", f"{len(ranges)}\n")
        files.write_manifest(target)
    files.write_text(out / TYPE_FILE, TYPE)
    return len(images)


def _check_out(out: pathlib.Path, split: str) -> None:
    if split in ("", ".", "..") or "/" in split:
        raise InputError(f"--split `{split}`: is the name of a folder in OUT, such as train")
    files.check_replaceable(out / split)
    if (out / TYPE_FILE).exists() and (out / TYPE_FILE).read_bytes() != TYPE.encode():
        raise InputError(f"{out / TYPE_FILE}: is of another kind of data set than `retrieval`; name another folder")


def _write_tar(export: Export, numbered: tuple[int, range]) -> None:
    number, places = numbered
    pictures, path = _opened(export.folder), export.out / f"{number}.tar"
    with files.replacing(path) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as tar:
        for part in workers.parts(places, PART):
            for place, pixels in zip(part, pictures.pixels(part), strict=True):
                captions = pictures.captions[place]
                described = {"id": pictures.ids[place], "source": pictures.sources[place], "captions": captions}
                key = f"{place:0{DIGITS}d}"
                _add(tar, f"{key}.{export.format}", _encoded(pixels, export))
                _add(tar, f"{key}.json", json.dumps(described, sort_keys=True, ensure_ascii=False).encode())
                _add(tar, f"{key}.txt", "\n".join(captions).encode())


@functools.lru_cache(maxsize=1)
def _opened(folder: pathlib.Path) -> shards.Pictures:
    return shards.open_shards(folder)


def _encoded(pixels: UInt8[np.ndarray, "height width 3"], export: Export) -> bytes:
    if export.format == "jpg":
        return simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), export.quality, colorsubsampling="444")
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)  # of the year 1970, and of nobody
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
