"""Exports stored images and captions as web-dataset tars, for webdataset, img2dataset's readers and CLIP_benchmark.

A sample is `000000012.png` (or `.jpg`), `.txt` with one caption a line, and `.json` with the image's id, source and captions; its
key is its index among all images. The layout is that of `clip_benchmark_export_wds`: OUT/SPLIT/0.tar, 1.tar, ..., a tar for each
stored shard, their number in OUT/SPLIT/nshards.txt, and OUT/dataset_type.txt; OUT/SPLIT/manifest.json has the files' SHA-256. Tars
contain no dates, so equal shards give equal bytes.
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
TYPE_FILE, TYPE = "dataset_type.txt", "retrieval\n"  # the kind of data set, for CLIP_benchmark
DIGITS = 9  # of a key, as in img2dataset
PART = 256  # images in memory at a time


@dataclasses.dataclass(frozen=True)
class Export:
    """The settings that all tars share."""

    folder: pathlib.Path  # of shards
    out: pathlib.Path  # of the split
    format: Format
    quality: int  # of JPEG


def export(folder: pathlib.Path, out: pathlib.Path, split: str, format: Format, quality: int, where: WorkersSettings) -> int:
    """Writes the images of a folder of shards to `out`/`split`, replacing it if it exists; returns their number.

    Other files in `out` stay. Raises InputError naming a shard that is missing or damaged, or a file of `out`/`split` that this
    command did not write.
    """
    images = shards.Shards(folder)
    ranges = images.shard_ranges()
    if split in ("", ".", "..") or "/" in split:
        raise InputError(f"--split `{split}`: must be the name of a folder in OUT, such as train")
    files.check_replaceable(out / split)
    if (out / TYPE_FILE).exists() and (out / TYPE_FILE).read_bytes() != TYPE.encode():
        raise InputError(f"{out / TYPE_FILE}: is of another kind of data set than `retrieval`; name another folder")
    with files.replacing_folder(out / split) as target:
        write = functools.partial(_write_tar, Export(folder.absolute(), target, format, quality))
        for _ in workers.map(write, enumerate(ranges), where, lambda numbered: f"{folder}, shard {numbered[0]}"):
            pass
        files.write_text(target / "nshards.txt", f"{len(ranges)}\n")
        files.write_manifest(target)
    files.write_text(out / TYPE_FILE, TYPE)
    return len(images)


def _write_tar(export: Export, numbered: tuple[int, range]) -> None:
    number, indices = numbered
    images, path = _opened(export.folder), export.out / f"{number}.tar"
    with files.replacing(path) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as tar:
        for part in workers.parts(indices, PART):
            for index, pixels in zip(part, images.pixels(part), strict=True):
                captions = images.captions[index]
                described = {"id": images.ids[index], "source": images.sources[index], "captions": captions}
                key = f"{index:0{DIGITS}d}"
                _add(tar, f"{key}.{export.format}", _encoded(pixels, export))
                _add(tar, f"{key}.json", json.dumps(described, sort_keys=True, ensure_ascii=False).encode())
                _add(tar, f"{key}.txt", "\n".join(captions).encode())


_opened = functools.lru_cache(maxsize=1)(shards.Shards)  # a worker writes many tars of one folder


def _encoded(pixels: UInt8[np.ndarray, "height width 3"], export: Export) -> bytes:
    if export.format == "jpg":
        return simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), export.quality, colorsubsampling="444")
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)  # dated 1970, without an owner
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
