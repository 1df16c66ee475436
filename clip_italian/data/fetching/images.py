"""Fetches all images of a source's addresses into zip archives."""

import asyncio
import contextlib
import datetime
import itertools
import os
import pathlib
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import tqdm

from clip_italian import files
from clip_italian.data.fetching import answers, client, parts
from clip_italian.data.fetching.answers import Answer, Attrition, ImageRequest, Missing, came
from clip_italian.data.fetching.client import Client, Judge
from clip_italian.data.fetching.parts import Part
from clip_italian.data.fetching.robots import RobotsStore
from clip_italian.data.fetching.settings import FetchSettings
from clip_italian.errors import InputError

OPEN_PARTS = 4  # so far may the fast hosts be ahead of the slow ones
DATES, ROBOTS, SEEN = "dates.json", "robots.sqlite", "seen.sqlite"


def fetch_images(wanted: Iterable[ImageRequest], folder: pathlib.Path, state: pathlib.Path, settings: FetchSettings) -> Attrition:
    """Fetches every wanted image once and puts `images-00000.zip`, `images-00000.json`, ... into `folder`.

    Progress is kept in `state`, so that a killed run can be resumed; the caller removes it. `state/dates.json` has the time at
    which each part was finished. No other file has a date. Raises InputError if a name has two addresses, or if less than
    `settings.coverage` of the images could be fetched. The next run then retries the temporary failures.
    """
    if settings.gateway is None and not settings.contact:
        raise InputError("profiles: in section `fetch`: key `contact` is empty; put there how the hosts' owners reach you")
    state.mkdir(parents=True, exist_ok=True)
    try:
        stems, repeated = _fetch(wanted, state, settings)
    except sqlite3.Error as error:
        tables = f"{state / ROBOTS}, {state / SEEN}"
        raise InputError(f"{tables}: {error}; free space, or delete both and run `dvc repro` again") from error
    counts = answers.count(parts.answers(stems), repeated)
    files.write_json(state / "attrition.json", counts.as_dict())
    _check_coverage(counts, stems, state, settings)
    _deliver(stems, folder)
    return counts


def _fetch(wanted: Iterable[ImageRequest], state: pathlib.Path, settings: FetchSettings) -> tuple[list[pathlib.Path], int]:
    """Returns the stems of the finished parts, and how many images were wanted more than once."""
    seen = Seen(state / SEEN)
    with contextlib.closing(seen), tqdm.tqdm(total=_length(wanted), unit="picture", disable=None) as bar:
        return asyncio.run(_Fetch(state, settings, bar).run(seen.new(wanted))), seen.repeated


def _length(wanted: Iterable[ImageRequest]) -> int | None:
    return len(wanted) if isinstance(wanted, list | tuple) else None


class Seen:
    """The images wanted so far, on disk: there may be more than memory holds."""

    def __init__(self, path: pathlib.Path) -> None:
        path.unlink(missing_ok=True)
        self.repeated = 0
        self._table = sqlite3.connect(path, check_same_thread=False)  # several threads, one after the other
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("PRAGMA synchronous = OFF")
        self._table.execute("CREATE TABLE seen (name TEXT PRIMARY KEY, address TEXT) WITHOUT ROWID")

    def new(self, wanted: Iterable[ImageRequest]) -> Iterator[ImageRequest]:
        """Returns the images that were not wanted before; raises InputError if a name has two addresses."""
        for each in wanted:
            if self._table.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (each.name, each.address)).rowcount:
                yield each
                continue
            (address,) = self._table.execute("SELECT address FROM seen WHERE name = ?", (each.name,)).fetchone()
            if address != each.address:
                raise InputError(f"picture `{each.name}` has two addresses, {address} and {each.address}; rename one of them")
            self.repeated += 1

    def close(self) -> None:
        self._table.close()


class _Fetch:
    """One run. Parts are opened one after the other; the images of a part are fetched concurrently."""

    def __init__(self, state: pathlib.Path, settings: FetchSettings, bar: Any) -> None:
        self._state = state
        self._settings = settings
        self._bar = bar
        self._room = asyncio.Semaphore(OPEN_PARTS)
        self._jobs: asyncio.Queue[tuple[Part, ImageRequest] | None] = asyncio.Queue(settings.waiting)

    async def run(self, wanted: Iterator[ImageRequest]) -> list[pathlib.Path]:
        """The stems of the parts, all finished."""
        async with client.session(self._settings) as opened:
            asking = Client(opened, self._settings)
            with contextlib.closing(RobotsStore(self._state / ROBOTS, asking, self._settings.product)) as store:
                judge = store.judge if self._settings.obey else _allow
                workers = asyncio.gather(*(self._work(asking, judge) for _ in range(self._settings.waiting)))
                stems, _ = await asyncio.gather(self._open(wanted), workers)
        return stems

    async def _open(self, wanted: Iterator[ImageRequest]) -> list[pathlib.Path]:
        stems: list[pathlib.Path] = []
        # In threads: between two wanted images there may be a million rows, and a finished part is read to check it.
        while some := await asyncio.to_thread(list, itertools.islice(wanted, self._settings.part)):
            stems.append(self._state / f"images-{len(stems):05d}")
            await self._room.acquire()
            part = await asyncio.to_thread(Part, stems[-1], some)
            self._bar.update(len(some) - len(part.open_ones))
            for each in part.open_ones:
                await self._jobs.put((part, each))
            if not part.open_ones:
                await self._finish(part)
        for _ in range(self._settings.waiting):
            await self._jobs.put(None)
        return stems

    async def _work(self, asking: Client, judge: Judge) -> None:
        while (job := await self._jobs.get()) is not None:
            part, wanted = job
            answer, content = await self._answer(wanted, asking, judge)
            self._bar.update()
            if part.add(answer, content):
                await self._finish(part)

    async def _answer(self, wanted: ImageRequest, asking: Client, judge: Judge) -> tuple[Answer, bytes]:
        try:
            content = await asking.get(wanted.address, self._settings.max_bytes, judge)
        except Missing as missing:
            return Answer(wanted.address, wanted.name, reason=missing.reason), b""
        return came(wanted, content), content

    async def _finish(self, part: Part) -> None:
        if part.is_complete:
            await asyncio.to_thread(part.publish)
            self._date(part.stem.name)
        self._room.release()

    def _date(self, name: str) -> None:
        path = self._state / DATES
        dates = files.read_json(path) if path.exists() else {}
        files.write_json(path, dates | {name: datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")})


async def _allow(url: object) -> None:
    """The judge of a profile that obeys nobody, such as a rehearsal's."""


def _check_coverage(counts: Attrition, stems: list[pathlib.Path], state: pathlib.Path, settings: FetchSettings) -> None:
    if counts.share >= settings.coverage:
        return
    for stem in stems:
        parts.forget_temporary(stem)
    raise InputError(
        f"{state}: {counts.got} of {counts.asked} pictures came (attrition.json there says why), less than the share "
        f"{settings.coverage} of key `fetch.coverage`; run `dvc repro` to ask again for those that may come, or lower the key"
    )


def _deliver(stems: list[pathlib.Path], folder: pathlib.Path) -> None:
    """Puts the finished parts into `folder`, in place of any that were there; `state` keeps its own, in case of a kill."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("images-*.*"):
        path.unlink()
    for stem in stems:
        for path in (stem.with_suffix(".zip"), stem.with_suffix(".json")):
            with files.replacing(folder / path.name) as temporary:
                _link(path, temporary)


def _link(path: pathlib.Path, copy: pathlib.Path) -> None:
    try:
        os.link(path, copy)
    except OSError:  # another file system, or one without links
        shutil.copyfile(path, copy)
