"""The publishers' files at their addresses, and what goes wrong there: the folder that rehearsal/server.py serves.

published/<publisher>/  as publishers.py writes it; what profile `paper` says is handed out on request only is given from here
web/<host>/<path>       every file that the profile fetches by its address, and every picture that a row asks for
web/faults.json         what goes wrong
"""

import gzip
import io
import pathlib
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any

from clip_italian import files
from clip_italian.data.archives import add
from rehearsal import publishers
from rehearsal.publishers import Sizes, place_of, put

# For every host of pictures, in the order of its pictures' names: what goes wrong with the first ones.
FAULTS = (
    "dead 404",
    "dead 410",
    "dead 403",
    "dead 500",
    "busy 1",
    "busy 1",
    "opted-out noai",
    "opted-out unavailable_after: never",
    "elsewhere {next}",
    "elsewhere http://127.0.0.1/",
    "elsewhere file:///etc/hostname",
    "elsewhere {self}",
    "page",
    "short",
    "huge 1000000000",
    "endless",
)
ROBOTS = "User-agent: *\nDisallow: {path}\n"  # of one picture more


def write(folder: pathlib.Path, sizes: Sizes, profile: dict[str, Any]) -> None:
    """Writes everything below `folder`, which is new or empty; `profile` is the rehearsal's."""
    publishers.write(folder, sizes)
    web = folder / "web"
    faults = dict(pair for host in sorted(web.iterdir()) for pair in _faults(host))
    for name, publisher in profile["published"]["publishers"].items():
        for file in publisher["files"]:
            if file["address"] is not None:
                put(web / place_of(file["address"]), _content(folder / "published" / name, file["name"]))
    files.write_json(web / "faults.json", faults)


def _faults(host: pathlib.Path) -> Iterator[tuple[str, str]]:
    """What goes wrong with some of a host's pictures; its robots.txt forbids another one."""
    pictures = [path.relative_to(host.parent).as_posix() for path in files.files_below(host)]
    for place, fault in enumerate(FAULTS):
        detail = {"next": f"http://{pictures[place + 1]}", "self": f"http://{pictures[place]}"}
        yield pictures[place], fault.format(**detail)
    put(host / "robots.txt", ROBOTS.format(path=pictures[len(FAULTS)].removeprefix(host.name)))


def _content(published: pathlib.Path, name: str) -> bytes:
    """A file as its publisher ships it; archives that publishers.py wrote as what is in them are made here."""
    if (published / name).is_file():
        return (published / name).read_bytes()
    stem = name.partition(".")[0]
    inside = published / stem if (published / stem).is_dir() else published / f"{stem}.jsonl"
    top = inside.parent if inside.is_file() else inside
    members = {path.relative_to(top).as_posix(): path for path in files.files_below(inside)}
    return _zip(members) if name.endswith(".zip") else _tgz(members)


def _zip(members: dict[str, pathlib.Path]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, path in members.items():
            add(archive, name, path.read_bytes())
    return content.getvalue()


def _tgz(members: dict[str, pathlib.Path]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, path in members.items():
            info = tarfile.TarInfo(name)
            info.size = path.stat().st_size
            archive.addfile(info, io.BytesIO(path.read_bytes()))
    return gzip.compress(content.getvalue(), mtime=0)
