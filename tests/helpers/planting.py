"""A test picture planted among those that models train on: mirrored, resized and encoded anew, under another one's name."""

import io
import json
import pathlib
import zipfile

from PIL import Image

from clip_italian.data.archives import add


def plant(raw: pathlib.Path, pair: dict[str, str], test_set: str, member: str) -> None:
    """Puts a picture of a test set in the place of a pair's."""
    with zipfile.ZipFile(raw / "test" / test_set / "images.zip") as archive:
        content = changed(archive.read(member))
    path = raw / ("" if pair["source"].startswith("english") else "sources") / pair["archive"]
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | {pair["image"]: content}
    path.unlink()  # what is in DVC's cache may be the same file
    with zipfile.ZipFile(path, "w") as archive:
        for name, one in members.items():
            add(archive, name, one)


def changed(content: bytes) -> bytes:
    """Mirrored, a quarter larger, and a JPEG of lower quality."""
    with Image.open(io.BytesIO(content)) as picture, io.BytesIO() as file:
        mirrored = picture.convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        size = (5 * picture.width // 4, 5 * picture.height // 4)
        mirrored.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=75)
        return file.getvalue()


def first_of(pairs: pathlib.Path, source: str) -> dict[str, str]:
    """The first pair of a source in a file of pairs."""
    return next(pair for pair in map(json.loads, pairs.read_text().splitlines()) if pair["source"].startswith(source))
